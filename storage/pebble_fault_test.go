package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestSyncAmongBufferedSurvivesPowerLoss: that others let their syncs wait must
// not take any from those who do not.
func TestSyncAmongBufferedSurvivesPowerLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	fs := vfs.NewCrashableMem()
	d := &diary{entries: make(map[string]string)}
	for round := range rounds {
		e := openOn(t, fs)
		wantDiary(t, e, d.copy())
		var stop atomic.Bool
		var wg sync.WaitGroup
		running := &diary{entries: d.copy()}
		for w := range 8 {
			wg.Go(func() {
				for i := 0; !stop.Load(); i++ {
					key := fmt.Sprintf("%d-%d-%d", round, w, i)
					level := []Durability{DurabilitySync, DurabilityBuffered, DurabilityMemory}[w%3]
					if _, err := e.Put([]byte(key), []byte(key), WriteOptions{Durability: level}); err != nil {
						t.Error(err)
						return
					}
					if level == DurabilitySync {
						running.add(key, key)
					}
				}
			})
		}
		time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
		switch round % 3 {
		case 1: // a new log file, whose predecessor was not synced yet
			if _, err := e.db.AsyncFlush(); err != nil {
				t.Error(err)
			}
		case 2: // everything, whatever its level
			if _, err := e.Put([]byte("marked"), []byte(fmt.Sprint(round)), WriteOptions{Durability: DurabilityMemory}); err != nil {
				t.Error(err)
			}
			if err := e.Sync(); err != nil {
				t.Error(err)
			}
			running.add("marked", fmt.Sprint(round))
		}
		acknowledged := running.copy()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		stop.Store(true)
		wg.Wait()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		fs, d = crashed, &diary{entries: acknowledged}
	}
	e := openOn(t, fs)
	wantDiary(t, e, d.copy())
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBufferedIsSyncedWithinASecond: then a loss of power takes nothing.
func TestBufferedIsSyncedWithinASecond(t *testing.T) {
	fs := vfs.NewCrashableMem()
	e := openOn(t, fs)
	if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{Durability: DurabilityBuffered}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	crashed := openOn(t, fs.CrashClone(vfs.CrashCloneCfg{}))
	wantDiary(t, crashed, map[string]string{"k": "v"})
	for _, e := range []*GoStorageEngine{e, crashed} {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBufferedSyncFailurePoisons: a sync that was put off and then fails is told
// to everybody after it.
func TestBufferedSyncFailurePoisons(t *testing.T) {
	defer shortenPatience()()
	var broken atomic.Bool
	e := openOn(t, errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind == errorfs.OpFileSyncData && isLog(op.Path) {
			return &os.PathError{Op: "sync", Path: op.Path, Err: syscall.EIO}
		}
		return nil
	})))
	broken.Store(true)
	buffered := WriteOptions{Durability: DurabilityBuffered}
	if _, err := e.Put([]byte("k"), nil, buffered); err != nil {
		t.Fatalf("a write that waits for no sync: %v", err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := e.Put([]byte("k"), nil, buffered)
		if errors.Is(err, ErrPoisoned) && errors.Is(err, ErrIO) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a write after the failure: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := e.Sync(); !errors.Is(err, ErrPoisoned) {
		t.Errorf("Sync after the failure: %v", err)
	}
	e.Close()
}

// TestDiskFull is told as such, and nothing acknowledged is lost.
func TestDiskFull(t *testing.T) {
	defer shortenPatience()()
	disk := vfs.NewMem()
	var full atomic.Bool
	e := openOn(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpFileWrite {
			return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
		}
		return nil
	})))
	if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	_, err := e.Put([]byte("k"), []byte("w"), WriteOptions{})
	if !errors.Is(err, ErrDiskFull) || !errors.Is(err, ErrIO) || !errors.Is(err, ErrPoisoned) {
		t.Errorf("a write on a full disk: %v", err)
	}
	e.Close()
	e = openOn(t, disk)
	defer e.Close()
	if value, err := e.AppendGet(nil, []byte("k")); err != nil || string(value) != "v" {
		t.Errorf("%q, %v", value, err)
	}
}

// TestOpenOnFullDisk returns, whichever write it is that finds no room, and leaves
// nothing behind that a later Open would trip over.
func TestOpenOnFullDisk(t *testing.T) {
	disk := vfs.NewCrashableMem()
	e := openOn(t, disk)
	for i := range 2000 {
		if _, err := e.Put(fmt.Append(nil, i), make([]byte, 1000), WriteOptions{Durability: DurabilityBuffered}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Sync(); err != nil {
		t.Fatal(err)
	}
	// So that opening has a log to flush.
	disk = disk.CrashClone(vfs.CrashCloneCfg{})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	failures := 0
	for n := int64(0); ; n++ {
		var left atomic.Int64
		left.Store(n)
		fs := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileWrite && left.Add(-1) < 0 {
				return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
			}
			return nil
		}))
		opened := make(chan error, 1)
		go func() {
			e, err := newGoEngine(Config{Dir: "data", Logger: discard}, fs, nil)
			if err == nil {
				left.Store(1 << 40)
				err = e.Close()
			}
			opened <- err
		}()
		var err error
		select {
		case err = <-opened:
		case <-time.After(20 * time.Second):
			t.Fatalf("with room for %d writes, Open does not return", n)
		}
		if err == nil {
			break
		}
		failures++
		if !errors.Is(err, ErrDiskFull) || errors.Is(err, ErrPoisoned) {
			t.Fatalf("with room for %d writes: %v", n, err)
		}
	}
	if failures < 3 {
		t.Errorf("%d openings failed", failures)
	}
	e = openOn(t, disk)
	defer e.Close()
	for i := range 2000 {
		if ok, err := e.Has(fmt.Append(nil, i)); err != nil || !ok {
			t.Fatalf("%d: %v, %v", i, ok, err)
		}
	}
}

// TestCloseTellsWhatItCannotSave: a sync that was put off is made up for, and its
// failure told.
func TestCloseTellsWhatItCannotSave(t *testing.T) {
	defer shortenPatience()()
	var broken atomic.Bool
	e := openOn(t, errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind == errorfs.OpFileSyncData && isLog(op.Path) {
			return &os.PathError{Op: "sync", Path: op.Path, Err: syscall.EIO}
		}
		return nil
	})))
	broken.Store(true)
	if _, err := e.Put([]byte("k"), nil, WriteOptions{Durability: DurabilityBuffered}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); !errors.Is(err, ErrIO) {
		t.Errorf("Close: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

// TestStuckDirectoryIsNamed: who opens it again is told why it cannot be had.
func TestStuckDirectoryIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e, err := Open(Config{Engine: EngineGo, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	name := e.(*GoStorageEngine).dir
	stuckDirs.Store(name, ErrDiskFull)
	defer stuckDirs.Delete(name)
	if _, err := Open(Config{Engine: EngineGo, Dir: dir}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "start the process again") {
		t.Errorf("%v", err)
	}
}

// TestReadError is an error of the read alone.
func TestReadError(t *testing.T) {
	disk := vfs.NewMem()
	e := openOn(t, disk)
	for i := range 1000 {
		if _, err := e.Put(fmt.Appendf(nil, "key-%04d", i), make([]byte, 1000), WriteOptions{Durability: DurabilityBuffered}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	e = openOn(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".sst") {
			return &os.PathError{Op: "read", Path: op.Path, Err: syscall.EIO}
		}
		return nil
	})))
	defer e.Close()
	broken.Store(true)
	if _, err := e.AppendGet(nil, []byte("key-0500")); !errors.Is(err, ErrIO) || errors.Is(err, ErrPoisoned) {
		t.Errorf("a read that fails: %v", err)
	}
	broken.Store(false)
	if _, err := e.AppendGet(nil, []byte("key-0500")); err != nil {
		t.Errorf("a read after it: %v", err)
	}
}

// TestCheckpointFailureHarmsNothing: what cannot be written outside of the data
// directory is an error, and no failure of the engine.
func TestCheckpointFailureHarmsNothing(t *testing.T) {
	parent := t.TempDir()
	dir, copies := filepath.Join(parent, "data"), filepath.Join(parent, "copies")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var left atomic.Int64
	left.Store(1 << 40)
	fs := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasPrefix(op.Path, copies) && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && left.Add(-1) < 0 {
			return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
		}
		return nil
	}))
	e, err := newGoEngine(Config{Dir: dir, Logger: discard}, fs, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	failures := 0
	for n := int64(0); ; n++ {
		left.Store(n)
		err := e.Checkpoint(filepath.Join(copies, "copy"))
		if err == nil {
			break
		}
		failures++
		if !errors.Is(err, ErrDiskFull) || errors.Is(err, ErrPoisoned) {
			t.Fatalf("operation %d failed: %v", n, err)
		}
		if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{}); err != nil {
			t.Fatalf("a write after it: %v", err)
		}
		if entries, _ := os.ReadDir(copies); len(entries) > 0 {
			t.Fatalf("left behind: %v", entries)
		}
	}
	if failures < 5 {
		t.Errorf("%d operations failed in turn", failures)
	}
	copied, err := Open(Config{Engine: EngineGo, Dir: filepath.Join(copies, "copy")})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if value, err := copied.AppendGet(nil, []byte("k")); err != nil || string(value) != "v" {
		t.Errorf("%q, %v", value, err)
	}
}
