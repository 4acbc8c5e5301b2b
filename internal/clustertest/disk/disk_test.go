//go:build linux

package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func mount(t *testing.T) (d *Disk, path string) {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
	path = t.TempDir()
	d, err := Mount(path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, path
}

func TestFaults(t *testing.T) {
	d, path := mount(t)
	if err := os.Mkdir(filepath.Join(path, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(path, "dir", "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := bytes.Repeat([]byte("v"), 4096)
	write := func(at int64) error { _, err := f.WriteAt(page, at); return err }
	expect := func(what string, err error, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	expect("write", write(0), nil)
	expect("sync", f.Sync(), nil)

	d.SetFull(true)
	expect("a write that needs room, on a full disk", write(4096), syscall.ENOSPC)
	expect("a write that needs none", write(0), nil)
	expect("a new file on a full disk", os.WriteFile(filepath.Join(path, "more"), nil, 0o644), syscall.ENOSPC)
	expect("room on a full disk", syscall.Fallocate(int(f.Fd()), 0, 0, 1<<20), syscall.ENOSPC)
	d.SetBroken(true)
	expect("a write on a broken disk", write(0), syscall.EIO)
	expect("a sync on a broken disk", f.Sync(), syscall.EIO)
	d.Heal()
	expect("a write on a healed disk", write(4096), nil)

	const delay = 100 * time.Millisecond
	d.SetDelay(delay)
	began := time.Now()
	expect("a slow sync", f.Sync(), nil)
	if took := time.Since(began); took < delay {
		t.Errorf("a slow sync took %v", took)
	}
	d.Heal()
	got, err := os.ReadFile(filepath.Join(path, "dir", "file"))
	if err != nil || len(got) != 8192 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestSignalsEndNoSync: programs do not expect that a signal ends a sync, as on no disk it does.
func TestSignalsEndNoSync(t *testing.T) {
	d, path := mount(t)
	f, err := os.Create(filepath.Join(path, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const delay = 300 * time.Millisecond
	d.SetDelay(delay)
	began, thread, synced := time.Now(), make(chan int, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		synced <- unix.Fsync(int(f.Fd())) // File.Sync would try again
	}()
	tid := <-thread
	for ended := false; !ended; {
		select {
		case err := <-synced:
			if took := time.Since(began); err != nil || took < delay {
				t.Errorf("a sync that got signals took %v: %v", took, err)
			}
			ended = true
		case <-time.After(10 * time.Millisecond):
			if err := unix.Tgkill(os.Getpid(), tid, unix.SIGURG); err != nil && err != unix.ESRCH {
				t.Fatal(err)
			}
		}
	}
}
