package cachenode_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stalls notices when this machine, or its processes, stood still, which says nothing of a cache.
type stalls struct {
	began time.Time
	total atomic.Int64 // how long it did, nanoseconds
	last  atomic.Int64 // when it last went on, nanoseconds since began; 0: it never stood still
}

// Times of stalls.
const (
	tick  = 20 * time.Millisecond
	stall = 500 * time.Millisecond // what is taken for one
	// upset is for how long nodes may believe each other gone after one.
	upset = 15 * time.Second
)

// watchStalls notices stalls until the test is over.
func watchStalls(t *testing.T) *stalls {
	s := &stalls{began: time.Now()}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for last := time.Now(); ctx.Err() == nil; last = time.Now() {
			time.Sleep(tick)
			if took := time.Since(last); took > stall {
				t.Logf("the machine stood still for %v", took.Round(time.Millisecond))
				s.total.Add(int64(took))
				s.last.Store(int64(time.Since(s.began)))
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// upset tells whether there was a stall a short while ago.
func (s *stalls) upset() bool {
	last := s.last.Load()
	return last != 0 && time.Since(s.began)-time.Duration(last) < upset
}
