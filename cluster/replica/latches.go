package replica

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/mantisdb/mantisdb/storage"
)

// latchCount is how many latches a leader has; keys share them by hash. More cost memory, fewer
// have keys wait for each other that have nothing in common.
const latchCount = 512

// latches keep writes that depend on what there is apart from those that change it, from before
// the evaluation until all is applied. Writes that depend on nothing share them, since their
// order is that of the log, whichever it is.
//
// They are taken in their order, so nobody waits for who waits for him.
type latches struct {
	seed maphash.Seed
	all  [latchCount]sync.RWMutex
}

func newLatches() *latches { return &latches{seed: maphash.MakeSeed()} }

// latchSet are the latches of some keys.
type latchSet struct {
	numbers []uint16
	whole   bool // every one
	few     [16]uint16
}

func (l *latches) add(s *latchSet, key []byte) {
	if s.whole {
		return
	}
	if s.numbers == nil {
		s.numbers = s.few[:0]
	}
	s.numbers = append(s.numbers, uint16(maphash.Bytes(l.seed, key)%latchCount))
}

// addBatch adds the latches of what a batch writes.
func (l *latches) addBatch(s *latchSet, b *storage.Batch) {
	for op := range b.All() {
		if op.Kind == storage.OpDeleteRange {
			s.whole = true
			return
		}
		l.add(s, op.Key)
	}
}

// order puts the latches in the order in which they are taken.
func (s *latchSet) order() {
	slices.Sort(s.numbers)
	s.numbers = slices.Compact(s.numbers)
}

// each yields the numbers of the latches, in order.
func (s *latchSet) each(yield func(int) bool) {
	if s.whole {
		for i := range latchCount {
			if !yield(i) {
				return
			}
		}
		return
	}
	for _, i := range s.numbers {
		if !yield(int(i)) {
			return
		}
	}
}

// share takes the latches together with others that share them.
func (l *latches) share(s *latchSet) (release func()) {
	s.order()
	for i := range s.each {
		l.all[i].RLock()
	}
	return func() {
		for i := range s.each {
			l.all[i].RUnlock()
		}
	}
}

// hold takes the latches alone.
func (l *latches) hold(s *latchSet) (release func()) {
	s.order()
	for i := range s.each {
		l.all[i].Lock()
	}
	return func() {
		for i := range s.each {
			l.all[i].Unlock()
		}
	}
}
