package storage

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeLog stands for the core's log: sequences are handed out at once, and a
// sync makes durable what was handed out before it.
type fakeLog struct {
	last    atomic.Uint64
	durable atomic.Uint64
	syncs   atomic.Int64
	inside  atomic.Int64
	most    atomic.Int64 // that were inside at once
	takes   time.Duration
	fail    atomic.Pointer[error]
}

func (l *fakeLog) sync(sequence uint64) (uint64, error) {
	if n := l.inside.Add(1); n > l.most.Load() {
		l.most.Store(n)
	}
	defer l.inside.Add(-1)
	l.syncs.Add(1)
	if err := l.fail.Load(); err != nil {
		return l.durable.Load(), *err
	}
	taken := l.last.Load()
	time.Sleep(l.takes)
	l.durable.Store(taken)
	return taken, nil
}

func TestGroupCommitGathers(t *testing.T) {
	const writers, each = 10_000, 5
	log := &fakeLog{takes: 200 * time.Microsecond}
	group := &groupCommit{sync: log.sync}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				sequence := log.last.Add(1)
				if err := group.wait(sequence); err != nil {
					t.Error(err)
				}
				if log.durable.Load() < sequence {
					t.Error("acknowledged before it was on disk")
				}
			}
		})
	}
	waitFor(t, "all writers", &wg)
	if log.most.Load() != 1 {
		t.Errorf("%d syncs at once", log.most.Load())
	}
	t.Logf("%d writes took %d syncs", writers*each, log.syncs.Load())
	if log.syncs.Load() > writers*each/10 {
		t.Errorf("%d writes took %d syncs", writers*each, log.syncs.Load())
	}
	if group.leading || len(group.waiting) > 0 {
		t.Errorf("after all: leading %v, %d wait", group.leading, len(group.waiting))
	}
}

// TestGroupCommitFailure: whoever waits is told, unless its record was on disk
// before, and the next one asks anew.
func TestGroupCommitFailure(t *testing.T) {
	broken := errors.New("the disk is broken")
	entered, release := make(chan struct{}), make(chan error)
	var durable atomic.Uint64
	group := &groupCommit{sync: func(uint64) (uint64, error) {
		entered <- struct{}{}
		err := <-release
		return durable.Load(), err
	}}
	results := make(map[uint64]chan error)
	start := func(sequence uint64) {
		result := make(chan error, 1)
		results[sequence] = result
		go func() { result <- group.wait(sequence) }()
	}
	start(1)
	<-entered
	for sequence := range uint64(100) {
		start(sequence + 2)
	}
	awaitWaiting(t, group, 100)
	durable.Store(50)
	release <- broken
	for sequence, result := range results {
		var want error
		if sequence > 50 {
			want = broken
		}
		select {
		case err := <-result:
			if !errors.Is(err, want) {
				t.Errorf("sequence %d: %v, want %v", sequence, err, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("sequence %d waits for ever", sequence)
		}
	}
	if err := group.wait(50); err != nil {
		t.Errorf("what is on disk: %v", err)
	}
	start(200)
	<-entered
	release <- ErrClosed
	if err := <-results[200]; !errors.Is(err, ErrClosed) {
		t.Errorf("after the failure: %v", err)
	}
}

// TestGroupCommitPassesTheLeadOn: who came while a sync was on its way waits for
// the next one, which one of them makes.
func TestGroupCommitPassesTheLeadOn(t *testing.T) {
	entered, release := make(chan uint64), make(chan uint64)
	group := &groupCommit{sync: func(sequence uint64) (uint64, error) {
		entered <- sequence
		return <-release, nil
	}}
	var wg sync.WaitGroup
	for _, sequence := range []uint64{1, 2, 3, 4} {
		wg.Go(func() {
			if err := group.wait(sequence); err != nil {
				t.Error(err)
			}
		})
		if sequence == 1 {
			<-entered
		}
	}
	awaitWaiting(t, group, 3)
	release <- 2 // took the second along, not the rest
	if sequence := <-entered; sequence < 3 {
		t.Errorf("sequence %d leads", sequence)
	}
	if got := group.durable.Load(); got != 2 {
		t.Errorf("durable is %d", got)
	}
	release <- 4
	waitFor(t, "all of them", &wg)
}

// TestGroupCommitAllocatesNothing on the way of who need not wait.
func TestGroupCommitAllocatesNothing(t *testing.T) {
	group := &groupCommit{sync: func(sequence uint64) (uint64, error) { return sequence, nil }}
	sequence := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		sequence++
		for range 2 { // one that leads, one that need not wait
			if err := group.wait(sequence); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func awaitWaiting(t *testing.T, group *groupCommit, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		group.mu.Lock()
		waiting := len(group.waiting)
		group.mu.Unlock()
		if waiting == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait, want %d", waiting, n)
		}
	}
}
