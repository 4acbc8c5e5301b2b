package replica

import (
	"context"

	"github.com/mantisdb/mantisdb/cluster"
)

// HandOver has the term be ready for another replica to follow it. No write is under way and none
// begins until resume is called, so that the other one can have applied all there is. And the lease is
// given up for good: reads ask the group from then on, and who leads next need not wait until it is
// over. An error tells that it was not done in time, or that the term was over; then whoever leads next
// may have to wait, and resume is still to be called.
func (l *Leader) HandOver(ctx context.Context) (resume func(), err error) {
	held := make(chan func(), 1)
	go func() { held <- l.latches.hold(&latchSet{whole: true}) }()
	select {
	case resume = <-held:
		return resume, l.giveUpLease(ctx)
	case <-ctx.Done():
		return func() { go func() { (<-held)() }() }, ctx.Err()
	}
}

// giveUpLease ends the lease, and tells the group.
func (l *Leader) giveUpLease(ctx context.Context) error {
	l.reads.lease.giveUp()
	done, err := l.proposer.group.Propose(ctx, appendEntryHeader(nil, l.replica.config.Protocol(), giveUpLease, l.term))
	if err == nil && done == 0 {
		err = cluster.ErrNotLeader
	}
	return err
}
