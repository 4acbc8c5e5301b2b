package replica

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// Bounds of what a leader proposes.
const (
	// proposersPerShard is how many entries are under way at a time. While they are, writes
	// gather for the next one, so that many writers share an entry, its messages and its sync.
	proposersPerShard = 4
	// longestEntry is how many bytes of writes are gathered to one entry; a longer write is
	// one alone.
	longestEntry = 1 << 20
	// proposeTimeout is how long an entry may take to be agreed upon and applied.
	proposeTimeout = 5 * time.Second
)

// proposal is one batch on its way into the log.
type proposal struct {
	packed  []byte // borrowed until done
	count   int    // of operations
	done    chan struct{}
	version uint64 // of the last operation, in the replica's engine
	err     error
}

// proposer gathers the batches of a term to entries, and has them agreed upon.
type proposer struct {
	group    Group
	protocol func() cluster.Protocol // of the entries
	term     uint64
	// broken is called once, when the term is over, or when nobody knows what became of an
	// entry: then nothing may be evaluated in it any more.
	broken func()

	mu      sync.Mutex // of what follows
	arrived *sync.Cond
	waiting []*proposal
	ended   error // why nothing is proposed any more
}

func newProposer(group Group, protocol func() cluster.Protocol, term uint64, broken func()) *proposer {
	p := &proposer{group: group, protocol: protocol, term: term, broken: broken}
	p.arrived = sync.NewCond(&p.mu)
	for range proposersPerShard {
		go p.run()
	}
	return p
}

// propose has a batch applied, and returns the version of its last operation.
func (p *proposer) propose(b *storage.Batch) (version uint64, err error) {
	one := proposal{packed: b.Packed(), count: b.Len(), done: make(chan struct{})}
	p.mu.Lock()
	if p.ended != nil {
		p.mu.Unlock()
		return 0, p.ended
	}
	p.waiting = append(p.waiting, &one)
	p.mu.Unlock()
	p.arrived.Signal()
	<-one.done
	return one.version, one.err
}

// run proposes what has gathered, until the end.
func (p *proposer) run() {
	var entry []byte
	for {
		gathered := p.gather()
		if gathered == nil {
			return
		}
		entry = appendEntryHeader(entry[:0], p.protocol(), writeBatch, p.term)
		for _, one := range gathered {
			entry = append(entry, one.packed...)
		}
		p.settle(gathered, entry)
		if cap(entry) > 2*longestEntry {
			entry = nil
		}
	}
}

// gather waits for proposals, and takes as many as make an entry; nil at the end.
func (p *proposer) gather() []*proposal {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) == 0 {
		if p.ended != nil {
			return nil
		}
		p.arrived.Wait()
	}
	n, size := 0, 0
	for n < len(p.waiting) && (n == 0 || size+len(p.waiting[n].packed) <= longestEntry) {
		size += len(p.waiting[n].packed)
		n++
	}
	gathered := p.waiting[:n:n]
	if p.waiting = p.waiting[n:]; len(p.waiting) > 0 {
		p.arrived.Signal()
	}
	return gathered
}

// settle proposes an entry, and tells those whose it is.
func (p *proposer) settle(gathered []*proposal, entry []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), proposeTimeout)
	defer cancel()
	last, err := p.group.Propose(ctx, entry)
	switch {
	case err == nil && last == 0:
		err = cluster.ErrNotLeader // the term had ended, so the entry was void
	case errors.Is(err, ErrDropped):
		err = errors.Join(cluster.ErrNotLeader, err)
	case err != nil:
		err = errors.Join(cluster.ErrOutcomeUnknown, err)
	}
	if err != nil {
		p.end(cluster.ErrNotLeader)
	}
	for i := len(gathered) - 1; i >= 0; i-- {
		one := gathered[i]
		one.version, one.err = last, err
		last -= min(last, uint64(one.count))
		close(one.done)
	}
}

// end has nothing be proposed any more, for a reason. What waits was not done; what is under
// way is told its own end.
func (p *proposer) end(why error) {
	p.mu.Lock()
	first := p.ended == nil
	if first {
		p.ended = why
	}
	waiting := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	p.arrived.Broadcast()
	for _, one := range waiting {
		one.err = why
		close(one.done)
	}
	if first {
		p.broken()
	}
}
