package storage

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// gatherPart is which part of a sync's time its leader waits at most for others.
const gatherPart = 4

// groupCommit is where writers wait until their records are on disk. The call
// that syncs the log blocks, and with it a thread of the operating system. So
// one goroutine at a time, the leader, makes it, for all that have gathered; the
// others are parked by Go's scheduler and hold no thread.
//
// When the leader returns it wakes all whose records it took along, and makes
// one of those that came too late the next leader. Nobody leads twice in a row
// while others wait, so that a leader is not kept from its own work.
type groupCommit struct {
	// sync makes the records up to a sequence durable, and returns up to which
	// one all are, also with an error. It does not return nil for less.
	sync func(sequence uint64) (durable uint64, err error)

	// durable is the sequence up to which everything is known to be on disk.
	durable atomic.Uint64

	// Of the last sync: how many it woke, who may be about to write again, and how
	// long it took. They are the leader's.
	woken    int
	syncTime time.Duration

	mu      sync.Mutex
	leading bool          // somebody leads, or was told to
	waiting []*syncWaiter // for a leader to come back
	spare   []*syncWaiter // the other one of two buffers; owned by the leader
}

// syncWaiter is one parked goroutine. It is used again.
type syncWaiter struct {
	sequence uint64
	woken    chan syncOutcome // of capacity 1, so that waking never waits
}

// syncOutcome is what a parked goroutine is woken with: the end of its wait, or
// the lead.
type syncOutcome struct {
	err  error
	lead bool
}

var syncWaiters = sync.Pool{New: func() any { return &syncWaiter{woken: make(chan syncOutcome, 1)} }}

// wait returns once all records up to a sequence are on disk, or with the error
// of the sync that should have taken them along.
func (g *groupCommit) wait(sequence uint64) error {
	if g.durable.Load() >= sequence {
		return nil
	}
	g.mu.Lock()
	if g.durable.Load() >= sequence {
		g.mu.Unlock()
		return nil
	}
	if !g.leading {
		g.leading = true
		g.mu.Unlock()
		return g.lead(sequence)
	}
	w := syncWaiters.Get().(*syncWaiter)
	w.sequence = sequence
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()

	outcome := <-w.woken
	syncWaiters.Put(w)
	if outcome.lead {
		return g.lead(sequence)
	}
	return outcome.err
}

// lead syncs, and passes the lead on. The caller has it.
func (g *groupCommit) lead(sequence uint64) error {
	g.gather()
	began := time.Now()
	durable, err := g.sync(sequence)
	g.syncTime = time.Since(began)
	g.raise(durable)
	if err == nil && durable < sequence {
		err = fmt.Errorf("%w: the log was synced up to %d and not %d", ErrPoisoned, durable, sequence)
	}

	g.mu.Lock()
	gathered := g.waiting
	g.waiting = g.spare[:0]
	var next *syncWaiter
	if err == nil {
		gathered, next = g.separate(gathered)
	}
	g.woken = len(gathered)
	g.leading = next != nil
	g.spare = nil // of the new leader's waking, until it is put back below
	g.mu.Unlock()

	if next != nil {
		next.woken <- syncOutcome{lead: true}
	}
	for i, w := range gathered {
		gathered[i] = nil
		if g.durable.Load() >= w.sequence {
			w.woken <- syncOutcome{}
		} else {
			w.woken <- syncOutcome{err: err}
		}
	}
	g.mu.Lock()
	if g.spare == nil {
		g.spare = gathered[:0]
	}
	g.mu.Unlock()

	if g.durable.Load() >= sequence {
		return nil
	}
	return err
}

// gather lets those run that the last sync woke, so that their next writes come
// along: else the first of them that is back syncs for itself alone, and all
// others wait for the sync after that. It takes a part of a sync's time at most.
func (g *groupCommit) gather() {
	if g.woken == 0 {
		return
	}
	for began := time.Now(); time.Since(began) < g.syncTime/gatherPart; {
		g.mu.Lock()
		waiting := len(g.waiting)
		g.mu.Unlock()
		if waiting >= g.woken {
			return
		}
		runtime.Gosched()
	}
}

// separate splits off those whose records are not yet on disk: they wait on, but
// for one, who is to lead. The lock is held.
func (g *groupCommit) separate(gathered []*syncWaiter) (done []*syncWaiter, next *syncWaiter) {
	durable := g.durable.Load()
	done = gathered[:0]
	for _, w := range gathered {
		switch {
		case w.sequence <= durable:
			done = append(done, w)
		case next == nil:
			next = w
		default:
			g.waiting = append(g.waiting, w)
		}
	}
	return done, next
}

// raise notes up to where everything is on disk.
func (g *groupCommit) raise(durable uint64) {
	for {
		known := g.durable.Load()
		if known >= durable || g.durable.CompareAndSwap(known, durable) {
			return
		}
	}
}
