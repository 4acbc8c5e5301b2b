//go:build rust

package cache

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestLetsOthersRun: a goroutine that reads, or writes, without end goes to the scheduler by
// itself, and so more often than every 10 ms, when Go's monitor would take its processor away.
func TestLetsOthersRun(t *testing.T) {
	const (
		attempt  = 100 * time.Millisecond
		byForce  = int(attempt / (10 * time.Millisecond))
		attempts = 50 // a machine that is busy with others may spoil many
	)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c, err := New(Options{Budget: 1 << 20, Engine: EngineRust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	key, value := []byte("key"), make([]byte, 0, 16)
	for name, call := range map[string]func() error{
		"reads": func() error { _, err := c.AppendGet(value, key); return err },
		"puts":  func() error { return c.Set(key, key) },
	} {
		t.Run(name, func(t *testing.T) {
			most := 0
			for n := 0; n < attempts && most <= byForce*3/2; n++ {
				most = max(most, turnsWhile(t, call, attempt))
			}
			if most <= byForce*3/2 {
				t.Errorf("another goroutine ran %d times in %v", most, attempt)
			}
		})
	}
}

// turnsWhile tells how many turns another goroutine gets between two calls, if there are
// calls for so long.
func turnsWhile(t *testing.T, call func() error, limit time.Duration) int {
	t.Helper()
	var (
		calls atomic.Int64
		stop  atomic.Bool
		other sync.WaitGroup
		turns int
	)
	other.Go(func() {
		for seen := int64(0); !stop.Load(); runtime.Gosched() {
			if now := calls.Load(); now != seen {
				seen = now
				turns++
			}
		}
	})
	end := func() { stop.Store(true); other.Wait() }
	defer end()
	for start := time.Now(); time.Since(start) < limit; calls.Add(1) {
		if err := call(); err != nil && !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	}
	end()
	return turns
}
