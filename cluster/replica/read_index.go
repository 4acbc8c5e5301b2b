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

// readIndex has all reads that wait at the same time share one question to the group. A read
// that comes while a question is under way waits for the next one, since what was committed
// after a question was asked is not in its answer.
type readIndex struct {
	group Group
	// alone, if it is not nil, tells whether no other replica can have committed anything.
	alone func() bool

	mu      sync.Mutex // of what follows
	next    *question  // whom the next question serves; nil: nobody
	running bool
}

type question struct {
	done chan struct{}
	err  error
}

// wait returns once this replica has applied all that was committed before the call. One that is
// alone has: what it has not applied, nobody was told of.
func (x *readIndex) wait() error {
	if x.alone != nil && x.alone() {
		return nil
	}
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
		ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
		if err := x.group.ReadIndex(ctx); err != nil {
			q.err = errors.Join(cluster.ErrNotLeader, err)
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
