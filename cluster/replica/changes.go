package replica

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/mantisdb/mantisdb/storage"
)

// changes is where a replica has what was written, for those who follow it: the newest entries in
// memory, while somebody does, and for all others where in the group's log to look for a version. All of
// it was applied, and so is agreed upon.
type changes struct {
	capacity int // the most bytes of entries that are kept

	mu    sync.Mutex
	known record // of the newest entry
	marks marks  // up to there, one at least
	feeds int
	// While there are feeds, kept has what was written by the entries behind floor.
	floor uint64
	kept  []written
	bytes int           // that they take
	told  chan struct{} // closed once there is more; nil: nobody waits
}

// written is what one entry has written.
type written struct {
	after  record // of the entry
	first  uint64 // the version of its first operation; the others follow
	packed []byte // its operations, one at least
}

func (w *written) bytes() int { return int(unsafe.Sizeof(*w)) + cap(w.packed) }

// init sets how much is kept, given the memory limit, 0 for none.
func (c *changes) init(limit uint64) {
	if c.capacity = storage.WatchBufferLen; limit != 0 {
		c.capacity = int(min(storage.WatchBufferLen, limit/16))
	}
}

// begin forgets all, as the replica was opened with a record or has got that with a snapshot, and knows
// marks from before.
func (c *changes) begin(known record, before marks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.floor = known, known.index
	c.marks = before.upTo(known.index)
	c.marks.add(known)
	c.kept, c.bytes = nil, 0
	c.tell()
}

// add adds what was applied up to a record, in the order of the log: the terms that have begun, and what
// was written, which is borrowed.
func (c *changes) add(known *record, begun []record, all []written) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = *known
	for _, one := range begun {
		c.marks.add(one)
	}
	c.marks.add(*known)
	if c.feeds > 0 {
		for _, w := range all {
			w.packed = slices.Clone(w.packed)
			c.keep(w)
		}
		c.tell()
	}
}

// keep adds the newest entry, and drops the oldest ones above the limit, but not the newest.
func (c *changes) keep(w written) {
	c.kept = append(c.kept, w)
	c.bytes += w.bytes()
	for c.bytes > c.capacity && len(c.kept) > 1 {
		c.bytes -= c.kept[0].bytes()
		c.floor = c.kept[0].after.index
		c.kept[0] = written{}
		c.kept = c.kept[1:]
	}
}

// tell wakes all who wait for more.
func (c *changes) tell() {
	if c.told != nil {
		close(c.told)
		c.told = nil
	}
}

// join counts a feed, and returns the newest record: from there on all is kept.
func (c *changes) join() record {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feeds == 0 {
		c.floor = c.known.index
	}
	c.feeds++
	return c.known
}

func (c *changes) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feeds--; c.feeds == 0 {
		c.kept, c.bytes = nil, 0
	}
}

// before returns a record behind which a version is to be found, if the replica knows one. Else it is the
// first one that it knows.
func (c *changes) before(version uint64) (at record, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.marks.before(version)
}

// allMarks are the marks, to be kept.
func (c *changes) allMarks() marks {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.marks)
}

// entriesAtOnce is how many entries a feed takes at once at most.
const entriesAtOnce = 64

// after returns some of what was written behind a record. If nothing was, it is the newest record, and
// what is closed once there is more. inMemory is false if it is to be looked for in the log, as far as the
// newest record.
func (c *changes) after(at *record) (all []written, newest record, more <-chan struct{}, inMemory bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.index < c.floor {
		return nil, c.known, nil, false
	}
	i, _ := slices.BinarySearchFunc(c.kept, at.index+1, func(w written, index uint64) int {
		if w.after.index < index {
			return -1
		}
		return 1
	})
	if i == len(c.kept) {
		if c.told == nil {
			c.told = make(chan struct{})
		}
		return nil, c.known, c.told, true
	}
	return slices.Clone(c.kept[i:min(len(c.kept), i+entriesAtOnce)]), c.known, nil, true
}
