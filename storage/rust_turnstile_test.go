//go:build rust && linux

package storage

import (
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestThrottledWritersHoldNoThreads: many goroutines write more than memory may
// hold, faster than it can be flushed. They are parked and hold no thread of the
// system, and do not push memory far over its limit either.
func TestThrottledWritersHoldNoThreads(t *testing.T) {
	e, err := Open(Config{
		Engine: EngineRust, Dir: filepath.Join(t.TempDir(), "data"),
		Durability: DurabilityBuffered, MemoryLimit: MinMemoryLimit,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const writers, each, valueLen = 1000, 12, 20_000
	watch := watchCalls(t)
	var most uint64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			value := make([]byte, valueLen)
			for i := range value {
				value[i] = byte(rand.Uint32())
			}
			for i := range each {
				key := binary.BigEndian.AppendUint64(nil, uint64(w*each+i))
				if _, err := e.Put(key, value, WriteOptions{}); err != nil {
					t.Error(err)
					return
				}
			}
			s, err := e.Stats()
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			most = max(most, s.MemoryBytes)
			mu.Unlock()
		})
	}
	wg.Wait()
	s, err := e.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if s.StallNanos == 0 {
		t.Error("nobody had to wait: the test shows nothing")
	}
	watch().wantAtMost(t, 20, writers)
	if most > MinMemoryLimit*3/2 {
		t.Errorf("%d bytes in memory, the limit is %d", most, MinMemoryLimit)
	}
}

// TestLineOfWritersEnds: writers who never rest meet a log file that is being made. Once
// it is there they write without standing in line, though there always is another one.
func TestLineOfWritersEnds(t *testing.T) {
	e, err := Open(Config{
		Engine: EngineRust, Dir: filepath.Join(t.TempDir(), "data"), Durability: DurabilityBuffered,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const writers, window = 50, 200 * time.Millisecond
	var met, stop atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop.Store(true)
	for w := range writers {
		wg.Go(func() {
			key, value := binary.BigEndian.AppendUint64(nil, uint64(w)), make([]byte, 100)
			for !stop.Load() {
				if _, err := e.Put(key, value, WriteOptions{}); err != nil {
					t.Error(err)
					return
				}
				if met.Load() {
					value = nil // so that no disk is too slow for them
				}
			}
		})
	}
	stalled := func() time.Duration {
		s, err := e.Stats()
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(s.StallNanos)
	}
	for deadline := time.Now().Add(20 * time.Second); stalled() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Skip("each file was there before it was wanted")
		}
	}
	met.Store(true)
	for deadline := time.Now().Add(60 * time.Second); ; {
		before := stalled()
		time.Sleep(window)
		each := (stalled() - before) / writers
		if each < window/10 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %v each writer stands in line for %v", window, each)
		}
	}
}
