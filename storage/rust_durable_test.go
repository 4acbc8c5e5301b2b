//go:build rust && linux

package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWaitingHoldsNoThreads: 10,000 goroutines in sync writes hold a handful of
// the system's threads, and share their syncs.
func TestWaitingHoldsNoThreads(t *testing.T) {
	e, err := Open(Config{Engine: EngineRust, Dir: filepath.Join(t.TempDir(), "data")})
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 10_000, 3
	watch := watchCalls(t)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Appendf(nil, "%d-%d", w, i)
				if _, err := e.Put(key, key, WriteOptions{Durability: DurabilitySync}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	inCalls := watch()
	s, err := e.Stats()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v; %d writes took %d syncs", inCalls, writers*each, s.Syncs)
	inCalls.wantAtMost(t, 20, writers)
	if s.Syncs > writers*each/10 {
		t.Errorf("%d writes took %d syncs", writers*each, s.Syncs)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCloseWakesWaitingWriters: none waits for ever, and what was acknowledged is
// there.
func TestCloseWakesWaitingWriters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for round := range 5 {
		e, err := Open(Config{Engine: EngineRust, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		var acknowledged []string
		for w := range 200 {
			wg.Go(func() {
				for i := 0; ; i++ {
					key := fmt.Sprintf("%d-%d-%d", round, w, i)
					_, err := e.Put([]byte(key), []byte(key), WriteOptions{})
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					acknowledged = append(acknowledged, key)
					mu.Unlock()
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "all writers to be woken", &wg)
		e, err = Open(Config{Engine: EngineRust, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range acknowledged {
			if value, err := e.AppendGet(nil, []byte(key)); err != nil || string(value) != key {
				t.Fatalf("%s: %q, %v", key, value, err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCloseTellsWhatItCannotWrite: what was only in memory is lost then, and who
// closes has to know. The directory is unlocked all the same.
func TestCloseTellsWhatItCannotWrite(t *testing.T) {
	for level, want := range map[Durability]error{DurabilityMemory: ErrIO, DurabilitySync: nil} {
		dir := filepath.Join(t.TempDir(), "data")
		e, err := Open(Config{Engine: EngineRust, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{Durability: level}); err != nil {
			t.Fatal(err)
		}
		// Under another name, no file of it can be made any more.
		if err := os.Rename(dir, dir+"-moved"); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); !errors.Is(err, want) {
			t.Errorf("%v: Close: %v, want %v", level, err, want)
		}
		if err := e.Close(); err != nil {
			t.Errorf("%v: the second Close: %v", level, err)
		}
		if e, err = Open(Config{Engine: EngineRust, Dir: dir + "-moved"}); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDamageIsNamed: the core's errors come with what they have to tell.
func TestDamageIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	e, err := Open(Config{Engine: EngineRust, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := e.Put(fmt.Append(nil, i), make([]byte, 1000), WriteOptions{Durability: DurabilityMemory}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(e.Sync(), e.Close()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, path := range files {
		if filepath.Base(path) == markerName {
			continue
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) == 0 || strings.Contains(filepath.Base(path), "LOCK") {
			continue
		}
		bad := append([]byte(nil), whole...)
		bad[0] ^= 0xff
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Open(Config{Engine: EngineRust, Dir: dir})
		switch {
		case err == nil:
			_ = e.Close() // a spare file of the log, for one
		case !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrWrongFormat):
			t.Errorf("%s: %v", path, err)
		case !strings.Contains(err.Error(), filepath.Base(path)):
			t.Errorf("the error does not name %s: %v", path, err)
		default:
			damaged++
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if damaged == 0 {
		t.Errorf("no damage was seen in %v", files)
	}
}
