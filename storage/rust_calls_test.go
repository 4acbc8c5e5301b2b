//go:build rust && linux

package storage

import (
	"fmt"
	"runtime/metrics"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// calls tells how many goroutines were in a call into the engine, and so held a
// thread of the system, while something ran.
type calls struct {
	median, most uint64
	threads      uint64 // of Go's in the process, at the end
}

func (c calls) String() string {
	return fmt.Sprintf("%d goroutines in calls, at most %d; %d threads", c.median, c.most, c.threads)
}

// wantAtMost fails the test if more than limit of the writers are ordinarily in a
// call. Were they to wait in one, nearly all would be, at nearly any time. The most
// at one time says little: on a busy machine the system takes a processor from a
// thread in the middle of a call, and the runtime starts another. Threads stay once
// started, so of these only the order of magnitude is held to.
func (c calls) wantAtMost(t *testing.T, limit uint64, writers int) {
	t.Helper()
	if c.median > limit {
		t.Errorf("of %d goroutines ordinarily %d are in a call", writers, c.median)
	}
	if c.threads > uint64(writers)/4 {
		t.Errorf("%d goroutines held %d threads", writers, c.threads)
	}
}

// watchCalls looks at how many goroutines are in calls until the function that it
// returns is called, which tells of them.
func watchCalls(t *testing.T) func() calls {
	var seen []uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	sample := []metrics.Sample{{Name: "/sched/goroutines/not-in-go:goroutines"}, {Name: "/sched/threads/total:threads"}}
	go func() {
		defer close(stopped)
		for {
			metrics.Read(sample)
			seen = append(seen, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() calls {
		close(stop)
		<-stopped
		slices.Sort(seen)
		return calls{
			median: seen[len(seen)/2], most: seen[len(seen)-1],
			threads: sample[1].Value.Uint64(),
		}
	}
}

// TestWatchCallsSeesThoseThatWait: goroutines that wait in a call would fail the tests
// that use it.
func TestWatchCallsSeesThoseThatWait(t *testing.T) {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pipe[0])
	const waiters = 50
	var wg sync.WaitGroup
	for range waiters {
		wg.Go(func() {
			if _, err := syscall.Read(pipe[0], make([]byte, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	// On a busy machine it takes a while until all of them wait.
	for deadline := time.Now().Add(10 * time.Second); ; {
		watch := watchCalls(t)
		time.Sleep(50 * time.Millisecond)
		seen := watch()
		if seen.median >= waiters/2 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("%v, %d wait", seen, waiters)
			break
		}
	}
	if err := syscall.Close(pipe[1]); err != nil { // They read that it has ended.
		t.Fatal(err)
	}
	wg.Wait()
}
