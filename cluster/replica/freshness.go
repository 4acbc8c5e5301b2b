package replica

import (
	"context"
	"sync/atomic"
	"time"
)

// How often a replica is told that it is fresh if nobody wants to know, how long the group may
// take to tell, and after what time one is asked again that did not.
const (
	freshenEvery  = time.Second
	freshenWithin = time.Second
	freshenAgain  = 100 * time.Millisecond
)

// Freshness is up to which moment a replica is known to have all that was acknowledged. That is
// the moment at which it began to ask its group for a read index, once that was answered: by the
// replica's own monotonic clock alone, so that no other clock, no step of the time of day and no
// pause makes it seem fresher than it is.
type Freshness struct {
	group  Group
	clock  time.Time     // what moments are counted from, with its monotonic reading
	newest atomic.Int64  // the newest moment, in nanoseconds since clock; 0 is none
	wanted chan struct{} // has room for one: a reader wants to know
}

// NewFreshness is that of the replica that sees its group so, of which nothing is known.
func NewFreshness(group Group) *Freshness {
	// Moments are above zero from the first one on.
	return &Freshness{group: group, clock: time.Now().Add(-1), wanted: make(chan struct{}, 1)}
}

// Keep asks the group again and again until ctx ends.
func (f *Freshness) Keep(ctx context.Context) {
	for ctx.Err() == nil {
		wanted, wait := f.wanted, freshenEvery
		if err := f.renew(ctx); err != nil {
			wanted, wait = nil, freshenAgain
		}
		timer := time.NewTimer(wait)
		select {
		case <-wanted:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// renew asks the group once.
func (f *Freshness) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, freshenWithin)
	defer cancel()
	asked := time.Since(f.clock) // before the question, which what is acknowledged later may follow
	err := f.group.ReadIndex(ctx)
	if err == nil {
		f.newest.Store(int64(asked))
	}
	return err
}

// Within tells whether the replica has all that was acknowledged a bound before the call, and the
// least time before it of which that is known. A bound that is hardly kept has the group be asked.
func (f *Freshness) Within(bound time.Duration) (age time.Duration, ok bool) {
	newest := f.newest.Load()
	age = time.Since(f.clock) - time.Duration(newest)
	if newest == 0 || age > bound/2 {
		select {
		case f.wanted <- struct{}{}:
		default:
		}
	}
	return age, newest != 0 && age <= bound
}
