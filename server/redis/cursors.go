package redis

import (
	"container/list"
	"math/rand/v2"
	"sync"
)

// cursors are the places that scans have reached. Clients know a place by a number, since
// Redis's cursors are numbers, and the place itself is a key.
//
// A client may ask again with a cursor whose answer it did not get; so a cursor is kept
// until the one that came of it was used. Of each scan there are two at most, but for one
// in an EXEC that was tried again, and if those of many that were given up are too much,
// the oldest leave.
type cursors struct {
	mu     sync.Mutex
	last   uint64
	number map[uint64]*list.Element
	oldest list.List // of *cursor, the oldest first
	bytes  int
}

// cursor is where a scan goes on.
type cursor struct {
	number   uint64
	before   uint64 // the cursor of which this one came, 0 for none
	database int
	placeInScan
}

// placeInScan is the first key that was not looked at, and the shards that the scan has yet to
// look at: the one that has the key, and those behind it.
type placeInScan struct {
	shards []int // nil without a cluster
	key    string
}

// Bounds of the cursors that are kept: how many, and the bytes of their keys.
const (
	mostCursors     = 32_768
	mostCursorBytes = 16 << 20
)

// firstCursor is the bound of the number of the first cursor, which is a random one: so a
// cursor of before a restart is not taken for another. All are below 1<<53, as many
// clients have no greater whole numbers.
const firstCursor = 1 << 52

// add keeps a place, which was reached from another cursor, 0 for none, and returns its
// number.
func (s *cursors) add(database int, at placeInScan, from uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.number == nil {
		s.number = make(map[uint64]*list.Element)
		s.last = rand.Uint64N(firstCursor)
	}
	s.last++
	s.number[s.last] = s.oldest.PushBack(&cursor{s.last, from, database, at})
	s.bytes += len(at.key)
	for s.oldest.Len() > mostCursors || s.bytes > mostCursorBytes {
		s.remove(s.oldest.Front())
	}
	return s.last
}

// use is the place of a cursor. That of which it came is forgotten.
func (s *cursors) use(number uint64, database int) (at placeInScan, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.number[number]
	if e == nil || e.Value.(*cursor).database != database {
		return placeInScan{}, false
	}
	c := e.Value.(*cursor)
	if before := s.number[c.before]; before != nil {
		s.remove(before)
	}
	return c.placeInScan, true
}

func (s *cursors) remove(e *list.Element) {
	c := s.oldest.Remove(e).(*cursor)
	delete(s.number, c.number)
	s.bytes -= len(c.key)
}
