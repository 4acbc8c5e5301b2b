// Package slicetest tests that goroutines which call the core again and again let others run.
package slicetest

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// LetsOthersRun fails the test unless a goroutine that makes a call again and again goes to the
// scheduler by itself, and so more often than every 10 ms, when Go's monitor would take its
// processor away. The test must not be parallel to others.
func LetsOthersRun(t *testing.T, call func() error) {
	t.Helper()
	const (
		attempt  = 100 * time.Millisecond
		byForce  = int(attempt / (10 * time.Millisecond))
		attempts = 50 // a machine that is busy with others may spoil many
	)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	most, undisturbed := 0, false
	for n := 0; n < attempts && most <= byForce*3/2; n++ {
		before := processorTime(t)
		most = max(most, turnsWhile(t, call, attempt))
		undisturbed = undisturbed || processorTime(t)-before > attempt*9/10
	}
	switch {
	case most > byForce*3/2:
	case !undisturbed:
		t.Skip("others kept the processor from this test")
	default:
		t.Errorf("another goroutine ran %d times in %v", most, attempt)
	}
}

// processorTime is what this process has taken so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
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
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	end()
	return turns
}
