package replica

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// readTimeout is how long the group may take to tell that a leader is still one.
const readTimeout = 3 * time.Second

// readIndex tells when this replica has all that a read is to see. All reads that wait at the same
// time share one question to the group. A read that comes while a question is under way waits for
// the next one, since what was committed after a question was asked is not in its answer.
type readIndex struct {
	group Group
	ended context.Context // over when the term is: nobody waits for an answer any longer
	// alone, if it is not nil, tells whether no other replica can have committed anything.
	alone func() bool
	// present returns nil if the term is still the present one for this replica.
	present func() error
	leases  bool // whether answers extend lease
	lease   lease

	mu      sync.Mutex // of what follows
	next    *question  // whom the next question serves; nil: nobody
	running bool
}

type question struct {
	done chan struct{}
	err  error
}

// complete tells whether this replica has all that anybody was told of, as nobody else leads: it is
// alone in its group, or holds a lease.
func (x *readIndex) complete() bool {
	if x.lease.isGivenUp() {
		return false
	}
	if x.alone != nil && x.alone() {
		return true
	}
	left := x.lease.left()
	if 0 < left && left < renewTime {
		x.renew()
	}
	return left > 0
}

// renew has the lease be extended, if nobody asks already.
func (x *readIndex) renew() {
	if !x.mu.TryLock() {
		return
	}
	defer x.mu.Unlock()
	if !x.running {
		x.next = &question{done: make(chan struct{})}
		x.running = true
		go x.run()
	}
}

// agreed is told of what the group agreed upon in the term, and when it was asked to.
func (x *readIndex) agreed(asked instant) {
	if x.leases {
		x.lease.extend(asked)
	}
}

// wait returns once this replica has applied all that was committed before the call.
func (x *readIndex) wait() error {
	x.mu.Lock()
	if x.next == nil {
		x.next = &question{done: make(chan struct{})}
	}
	q := x.next
	if !x.running {
		x.running = true
		go x.run()
	}
	x.mu.Unlock()
	<-q.done
	return q.err
}

// run asks until nobody waits.
func (x *readIndex) run() {
	for q := x.take(); q != nil; q = x.take() {
		ctx, cancel := context.WithTimeout(x.ended, readTimeout)
		asked := now()
		if err := x.group.ReadIndex(ctx); err != nil {
			q.err = errors.Join(cluster.ErrNotLeader, err)
		} else if x.present() == nil {
			x.agreed(asked)
		}
		cancel()
		close(q.done)
	}
}

func (x *readIndex) take() *question {
	x.mu.Lock()
	defer x.mu.Unlock()
	q := x.next
	x.next, x.running = nil, q != nil
	return q
}
