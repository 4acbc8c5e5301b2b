package replica

import (
	"context"
	"fmt"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// Leader is the storage.Engine of a shard, in the term in which this replica leads. Its writes
// are agreed upon by the group before they return, and its reads see all writes that returned
// before they began, on whichever node. Once the term is over, every method returns
// cluster.ErrNotLeader, and a write that was under way may return cluster.ErrOutcomeUnknown.
//
// Durability makes no difference: what is agreed upon is on the disks of a majority.
type Leader struct {
	view
	term     uint64
	latches  *latches
	reads    readIndex
	proposer *proposer
	ended    context.Context // over when the term is
	end      context.CancelFunc
}

// Lead begins a term in which this replica leads; self is the number of its node. It fails if
// the group does not agree, or another one began a term meanwhile.
func (r *Replica) Lead(ctx context.Context, group Group, self uint64) (*Leader, error) {
	// All that earlier leaders have begun is applied when the entry is.
	if err := group.ReadIndex(ctx); err != nil {
		return nil, err
	}
	before, _ := r.Term()
	term, err := group.Propose(ctx, appendBeginTerm(nil, r.config.Protocol(), before, self))
	if err != nil {
		return nil, err
	}
	if term == 0 {
		return nil, fmt.Errorf("%w: another node has begun a term", cluster.ErrNotLeader)
	}
	alone, err := group.Alone(ctx)
	if err != nil {
		return nil, err
	}
	l := &Leader{view: viewIn(r, term), term: term, latches: newLatches()}
	l.ended, l.end = context.WithCancel(context.Background())
	l.reads.group, l.reads.alone = group, alone
	l.proposer = newProposer(group, r.config.Protocol, term, l.Resign)
	return l, nil
}

// Term is the number of the term.
func (l *Leader) Term() uint64 { return l.term }

// Over is closed when the term is.
func (l *Leader) Over() <-chan struct{} { return l.ended.Done() }

// Resign ends the term on this side: nothing is evaluated in it any more.
func (l *Leader) Resign() {
	l.end()
	l.proposer.end(cluster.ErrNotLeader)
}

// Close implements storage.Engine. The replica goes on.
func (l *Leader) Close() error {
	l.Resign()
	return nil
}

// begin is the start of every call: its error is that of a term that is over.
func (l *Leader) begin() error {
	if l.ended.Err() != nil {
		return cluster.ErrNotLeader
	}
	return nil
}

// current returns the engine, once it has all that was agreed upon before the call.
func (l *Leader) current() (storage.Engine, error) {
	if err := l.begin(); err != nil {
		return nil, err
	}
	if err := l.reads.wait(); err != nil {
		return nil, err
	}
	engine, err := l.replica.current()
	return engine, failed(err)
}

// local returns the engine as it is.
func (l *Leader) local() (storage.Engine, error) {
	if err := l.begin(); err != nil {
		return nil, err
	}
	engine, err := l.replica.current()
	return engine, failed(err)
}

// present returns nil if what was read before the call is of this term or an earlier one, so that
// the versions of the term are right for it.
func (l *Leader) present() error {
	if l.replica.begun.Load() != l.term {
		return cluster.ErrNotLeader
	}
	return nil
}
