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
	// entriesUnderWay is how many entries of a shard are under way at a time. While they are,
	// writes gather for the next one, so that many writers share an entry, its messages and its
	// sync.
	entriesUnderWay = 4
	// longestEntry is how many bytes of writes are gathered to one entry; a longer write is
	// one alone.
	longestEntry = 1 << 20
	// readLogWithin is how long it may take to read entries that were agreed upon before.
	readLogWithin = 5 * time.Second
)

// proposal is one batch on its way into the log.
type proposal struct {
	packed  []byte        // borrowed until done
	count   int           // of operations
	done    chan struct{} // closed when it is; nil: it is no more to be waited for
	entry   []*proposal   // if it is not nil when done: what its goroutine is to propose, itself first
	version uint64        // the number of the last operation in the term
	err     error
}

// proposer gathers the batches of a term to entries, and has them agreed upon: the goroutine of
// the first batch of an entry proposes it, and the others wait for that.
type proposer struct {
	group    Group
	protocol func() cluster.Protocol // of the entries
	term     uint64
	// broken is called once, when the term is over, or when nobody knows what became of an
	// entry: then nothing may be evaluated in it any more.
	broken func()
	// agreed is called with the moment at which an entry was proposed that was agreed upon, and
	// applied, in the term.
	agreed func(asked instant)

	mu       sync.Mutex // of what follows
	waiting  []*proposal
	underWay int   // entries
	ended    error // why nothing is proposed any more
}

// propose has a batch applied, and returns the number of its last operation in the term.
func (p *proposer) propose(b *storage.Batch) (version uint64, err error) {
	one := proposal{packed: b.Packed(), count: b.Len()}
	if err := p.enqueue(&one); err != nil {
		return 0, err
	}
	if one.done != nil {
		<-one.done
	}
	if one.entry != nil {
		p.proposeEntry(one.entry)
	}
	return one.version, one.err
}

// enqueue has a batch wait, unless its goroutine is to propose it at once. Nobody waits then: who has
// proposed an entry goes on with what does.
func (p *proposer) enqueue(one *proposal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return p.ended
	}
	if p.underWay < entriesUnderWay {
		p.underWay++
		one.entry = []*proposal{one}
		return nil
	}
	one.done = make(chan struct{})
	p.waiting = append(p.waiting, one)
	return nil
}

// beginEntry has the first of those that wait propose an entry. It is called with mu.
func (p *proposer) beginEntry() {
	entry := p.gather()
	entry[0].entry = entry
	close(entry[0].done)
}

// gather takes as many batches as make an entry: one at least.
func (p *proposer) gather() []*proposal {
	n, size := 0, 0
	for n < len(p.waiting) && (n == 0 || size+len(p.waiting[n].packed) <= longestEntry) {
		size += len(p.waiting[n].packed)
		n++
	}
	gathered := p.waiting[:n:n]
	if p.waiting = p.waiting[n:]; len(p.waiting) == 0 {
		p.waiting = nil
	}
	return gathered
}

// entries have the memory in which an entry is put together.
var entries = sync.Pool{New: func() any { return new([]byte) }}

// proposeEntry proposes an entry, and has the next one begin.
func (p *proposer) proposeEntry(gathered []*proposal) {
	memory := entries.Get().(*[]byte)
	entry := appendEntryHeader((*memory)[:0], p.protocol(), writeBatch, p.term)
	for _, one := range gathered {
		entry = append(entry, one.packed...)
	}
	p.settle(gathered, entry)
	if *memory = entry; cap(entry) <= 2*longestEntry {
		entries.Put(memory)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		p.beginEntry()
	} else {
		p.underWay--
	}
}

// settle proposes an entry, and tells those whose it is.
func (p *proposer) settle(gathered []*proposal, entry []byte) {
	asked := now()
	last, err := p.group.Propose(context.Background(), entry)
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
	} else {
		p.agreed(asked)
	}
	for i := len(gathered) - 1; i >= 0; i-- {
		one := gathered[i]
		one.version, one.err = last, err
		last -= min(last, uint64(one.count))
		if i > 0 { // the first one is who proposes
			close(one.done)
		}
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
	for _, one := range waiting {
		one.err = why
		close(one.done)
	}
	if first {
		p.broken()
	}
}
