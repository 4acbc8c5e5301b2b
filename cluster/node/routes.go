package node

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// routes are who serves each shard, as far as this node knows.
type routes struct {
	all []atomic.Pointer[cluster.Route]

	mu     sync.Mutex    // of what follows, and held to store a route
	term   uint64        // of the newest route
	change chan struct{} // closed at the next change
}

func newRoutes(shards int) *routes {
	r := &routes{all: make([]atomic.Pointer[cluster.Route], shards), change: make(chan struct{})}
	for i := range r.all {
		r.all[i].Store(&cluster.Route{})
	}
	return r
}

// set changes a route, if it is another one, and gives it its Term.
func (r *routes) set(shard int, to cluster.Route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.all[shard].Load()
	if to.Term = now.Term; *now == to {
		return
	}
	r.term++
	to.Term = r.term
	r.all[shard].Store(&to)
	close(r.change)
	r.change = make(chan struct{})
}

// lookAgain is how long a route is waited for that is another one. The same node may well
// serve then which did not before, since it had yet to begin its term.
const lookAgain = 50 * time.Millisecond

// next waits for a route of a shard that leads to someone, after one that did not serve.
func (r *routes) next(ctx context.Context, shard int, failed *cluster.Route) (*cluster.Route, error) {
	again := time.NewTimer(lookAgain)
	defer again.Stop()
	for waited := false; ; {
		r.mu.Lock()
		change := r.change
		r.mu.Unlock()
		now := r.all[shard].Load()
		if now.Leader != 0 && (now != failed || waited) {
			return now, nil
		}
		select {
		case <-change:
		case <-again.C:
			waited = true
		case <-ctx.Done():
			return nil, errors.Join(cluster.ErrUnavailable, ctx.Err())
		}
	}
}
