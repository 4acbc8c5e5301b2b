package replica

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

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
	history  uint64
	latches  *latches
	reads    readIndex
	proposer *proposer
	ended    context.Context // over when the term is
	end      context.CancelFunc
}

// Lead begins a term in which this replica leads; self is the number of its node. It fails if
// the group does not agree, or another one began a term meanwhile.
// It waits until nobody holds a lease of an earlier term any more.
func (r *Replica) Lead(ctx context.Context, group Group, self uint64) (*Leader, error) {
	// All that earlier leaders have begun is applied when the entry is.
	if err := group.ReadIndex(ctx); err != nil {
		return nil, err
	}
	before := r.known.Load()
	history := before.history
	if history == 0 {
		history = newHistory()
	}
	term, err := group.Propose(ctx, appendBeginTerm(nil, r.config.Protocol(), before.term, self, history))
	if err != nil {
		return nil, err
	}
	if term == 0 {
		return nil, fmt.Errorf("%w: another node has begun a term", cluster.ErrNotLeader)
	}
	if err := r.outlast(ctx, before); err != nil {
		return nil, err
	}
	alone, err := group.Alone(ctx)
	if err != nil {
		return nil, err
	}
	r.served.Store(term)
	l := &Leader{view: view{r, term, r.began.Load()}, history: history, latches: newLatches()}
	l.ended, l.end = context.WithCancel(context.Background())
	l.reads.group, l.reads.ended, l.reads.alone, l.reads.present = group, l.ended, alone, l.present
	l.reads.leases = !r.config.NoLeases
	l.proposer = &proposer{group: group, protocol: r.config.Protocol, term: term, broken: l.Resign, agreed: l.agreed}
	return l, nil
}

// newHistory is the number of a history that begins.
func newHistory() uint64 {
	for {
		if drawn := rand.Uint64(); drawn != 0 {
			return drawn
		}
	}
}

// agreed notes that an entry was agreed upon, and applied, which was proposed at a moment.
func (l *Leader) agreed(asked instant) {
	if l.present() == nil {
		l.reads.agreed(asked)
	}
}

// outlast waits until a lease is over that was held when a term began. before is the record from
// before that. There is none in the first term; none if it was given up; and none by which others
// than this process read, if it served in the term itself: then it had waited before. A term that
// was begun and not served, by whomever, leaves the leases of those before it.
func (r *Replica) outlast(ctx context.Context, before *record) error {
	if before.term == 0 || before.leaseGivenUp || before.term == r.served.Load() {
		return nil
	}
	select {
	case <-time.After(takeoverTime):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Term is the number of the term.
func (l *Leader) Term() uint64 { return l.term }

// History tells what the group has agreed upon from what any other group has: versions of one are
// nothing to the other. It is never 0.
func (l *Leader) History() uint64 { return l.history }

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

// current returns the engine, once it has all that was agreed upon before the call, as the group
// was asked.
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

// attempt is how a read tries to be one of all that was agreed upon before it began: first by what
// this replica has, if nobody else can lead, and if that is not certain any more once it has read,
// again after the group was asked.
type attempt struct {
	asked bool
}

// engine returns the engine to read from.
func (a *attempt) engine(l *Leader) (storage.Engine, error) {
	if !a.asked && l.reads.complete() {
		return l.local()
	}
	a.asked = true
	return l.current()
}

// holds tells, after the read, whether it was one.
func (a *attempt) holds(l *Leader) bool {
	if a.asked || l.reads.complete() {
		return true
	}
	a.asked = true
	return false
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
// the versions of the term are right for it, and nobody can have read anything older since. A replica
// that has left something out does not know. If the engine has not counted as all replicas have, the
// term is over: else what is read would have other versions than what is told of it.
func (l *Leader) present() error {
	if l.replica.begun.Load() != l.term || l.replica.leftOut.Load() {
		return cluster.ErrNotLeader
	}
	if l.replica.uneven.Load() == l.term {
		l.Resign()
		return cluster.ErrNotLeader
	}
	return nil
}
