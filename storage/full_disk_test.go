//go:build linux

package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk is a file system with room for so many MiB.
func smallDisk(t *testing.T, mib int) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Skip("no file system of its own: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return disk
}

// fillUp takes all room there is on a disk, and returns how to give it back. An
// engine may be preparing a file beside it, which takes room, fails, and lets the
// room go again: the disk counts as full once it has been for a while.
func fillUp(t *testing.T, disk string) (giveBack func()) {
	t.Helper()
	path := filepath.Join(disk, "filler")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for refusals := 0; refusals < 20; refusals++ {
		for err = nil; err == nil; {
			if _, err = f.Write(make([]byte, 4096)); err == nil {
				refusals = 0
			}
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// engineNames are the engines of this build.
func engineNames(t *testing.T) []string {
	t.Helper()
	if e, err := Open(Config{Engine: EngineRust}); errors.Is(err, ErrEngineNotBuilt) {
		return []string{EngineGo}
	} else if err != nil {
		t.Fatal(err)
	} else if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return []string{EngineGo, EngineRust}
}

// inTime fails the test if call takes too long to return.
func inTime(t *testing.T, what string, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not return", what)
		return nil
	}
}

// TestWritesOnFullDisk: what finds no room is ErrDiskFull. The Go engine is
// poisoned by it; the Rust engine is not, and takes writes again once there is
// room. Either has all that it acknowledged when it is opened again.
func TestWritesOnFullDisk(t *testing.T) {
	defer shortenPatience()()
	for _, engine := range engineNames(t) {
		t.Run(engine, func(t *testing.T) {
			disk := smallDisk(t, 24)
			c := Config{Engine: engine, Dir: filepath.Join(disk, "data")}
			e, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			put := func(key string) error {
				_, err := e.Put([]byte(key), make([]byte, 100_000), WriteOptions{})
				return err
			}
			if err := put("first"); err != nil {
				t.Fatal(err)
			}
			giveBack := fillUp(t, disk)
			var acknowledged []string
			for err = nil; err == nil; {
				key := fmt.Sprint(len(acknowledged))
				if err = put(key); err == nil {
					acknowledged = append(acknowledged, key)
				}
			}
			poisons := engine == EngineGo
			if !errors.Is(err, ErrDiskFull) || !errors.Is(err, ErrIO) || errors.Is(err, ErrPoisoned) != poisons {
				t.Errorf("a write on a full disk: %v", err)
			}
			if _, err := e.Has([]byte("first")); errors.Is(err, ErrPoisoned) != poisons {
				t.Errorf("a read on a full disk: %v", err)
			}
			giveBack()
			for _, err := range []error{put("after"), errorOfDelete(e, "first")} {
				if errors.Is(err, ErrPoisoned) != poisons || (err == nil) == poisons {
					t.Errorf("a write once there is room: %v", err)
				}
			}
			if !poisons {
				acknowledged = append(acknowledged, "after")
			}
			if err := inTime(t, "Close", e.Close); errors.Is(err, ErrPoisoned) != poisons {
				t.Errorf("Close: %v", err)
			}
			if e, err = Open(c); err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			for _, key := range acknowledged {
				if has, err := e.Has([]byte(key)); err != nil || !has {
					t.Errorf("%s is lost: %v", key, err)
				}
			}
		})
	}
}

func errorOfDelete(e Engine, key string) error {
	_, err := e.Delete([]byte(key), WriteOptions{})
	return err
}

// TestOpenAndCloseOnFullDisk: both return, with ErrDiskFull if something could not
// be kept, and the directory can be had again.
func TestOpenAndCloseOnFullDisk(t *testing.T) {
	defer shortenPatience()()
	for _, engine := range engineNames(t) {
		t.Run(engine, func(t *testing.T) {
			disk := smallDisk(t, 24)
			c := Config{Engine: engine, Dir: filepath.Join(disk, "data")}
			e, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 50 {
				if _, err := e.Put(fmt.Append(nil, i), make([]byte, 10_000), WriteOptions{Durability: DurabilityMemory}); err != nil {
					t.Fatal(err)
				}
			}
			giveBack := fillUp(t, disk)
			err = inTime(t, "Close", e.Close)
			// At that level, the Go engine's records are in the log already.
			if engine == EngineRust && !errors.Is(err, ErrDiskFull) {
				t.Errorf("Close: %v", err)
			}
			for range 2 {
				err := inTime(t, "Open", func() error {
					e, err := Open(c)
					if err == nil {
						err = e.Close()
					}
					return err
				})
				if err != nil && !errors.Is(err, ErrDiskFull) {
					t.Errorf("Open: %v", err)
				}
			}
			giveBack()
			if e, err = Open(c); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCheckOfReadOnlyDirectory: a check changes nothing, and needs no right to. To
// open a directory, somebody has to be able to write to it.
func TestCheckOfReadOnlyDirectory(t *testing.T) {
	for _, engine := range engineNames(t) {
		t.Run(engine, func(t *testing.T) {
			disk := smallDisk(t, 24)
			c := Config{Engine: engine, Dir: filepath.Join(disk, "data")}
			e, err := Open(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			// The core lets go of its files in the background.
			err = syscall.EBUSY
			for deadline := time.Now().Add(20 * time.Second); errors.Is(err, syscall.EBUSY) && time.Now().Before(deadline); {
				err = syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			var report strings.Builder
			if err := Check(c.Dir, &report); err != nil {
				t.Errorf("Check: %v\n%s", err, report.String())
			}
			if _, err := Open(c); !errors.Is(err, ErrIO) || !errors.Is(err, syscall.EROFS) && engine == EngineGo {
				t.Errorf("Open: %v", err)
			} else {
				t.Log(err)
			}
		})
	}
}
