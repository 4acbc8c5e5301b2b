package storage

import (
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
)

// lockStripes is the number of key locks: enough that writers of different keys
// seldom meet, few enough that a batch of many keys can take all.
const lockStripes = 256

// keyLocks serialise writers of the same key: its versions then grow in the
// order in which the writes take effect, and read-then-write is atomic.
type keyLocks struct {
	seed    maphash.Seed
	stripes [lockStripes]struct {
		sync.Mutex
		_ [56]byte // a cache line each
	}
}

func (l *keyLocks) init() { l.seed = maphash.MakeSeed() }

func (l *keyLocks) index(key []byte) uint64 { return maphash.Bytes(l.seed, key) % lockStripes }

// of is the lock of a key.
func (l *keyLocks) of(key []byte) *sync.Mutex { return &l.stripes[l.index(key)].Mutex }

// stripeSet is a set of key locks.
type stripeSet [lockStripes / 64]uint64

// add puts key's lock into a set.
func (l *keyLocks) add(s *stripeSet, key []byte) {
	i := l.index(key)
	s[i/64] |= 1 << (i % 64)
}

// addAll puts every lock into the set.
func (s *stripeSet) addAll() {
	for word := range s {
		s[word] = math.MaxUint64
	}
}

// lock takes all locks of a set, in ascending order, so that two sets cannot
// wait for each other.
func (l *keyLocks) lock(s *stripeSet) {
	for word, set := range s {
		for ; set != 0; set &= set - 1 {
			l.stripes[word*64+bits.TrailingZeros64(set)].Lock()
		}
	}
}

func (l *keyLocks) unlock(s *stripeSet) {
	for word, set := range s {
		for ; set != 0; set &= set - 1 {
			l.stripes[word*64+bits.TrailingZeros64(set)].Unlock()
		}
	}
}
