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
	// marks are records of the past, by index, markEvery entries or more apart, as far as the replica
	// has seen them since it was opened. Behind the last one whose version is less than another, that one
	// is to be found.
	marks []record
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

// Bounds of marks: whoever looks for a version reads markEvery entries too much at most, and those in
// mostMarks reach farther back than any log does.
const (
	markEvery = 128
	mostMarks = 2048
)

// init sets how much is kept, given the memory limit, 0 for none.
func (c *changes) init(limit uint64) {
	if c.capacity = storage.WatchBufferLen; limit != 0 {
		c.capacity = int(min(storage.WatchBufferLen, limit/16))
	}
}

// begin forgets all, as the replica was opened with a record or has got that with a snapshot.
func (c *changes) begin(known record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.floor = known, known.index
	c.marks, c.kept, c.bytes = nil, nil, 0
	c.mark()
	c.tell()
}

// add adds what was applied up to a record, in the order of the log. What was written is borrowed.
func (c *changes) add(known *record, all []written) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = *known
	c.mark()
	if c.feeds > 0 {
		for _, w := range all {
			w.packed = slices.Clone(w.packed)
			c.keep(w)
		}
		c.tell()
	}
}

// mark remembers the newest record, if it is far enough from the one before.
func (c *changes) mark() {
	if len(c.marks) > 0 && c.known.index < c.marks[len(c.marks)-1].index+markEvery {
		return
	}
	if len(c.marks) == mostMarks {
		c.marks = append(c.marks[:0], c.marks[mostMarks/2:]...)
	}
	c.marks = append(c.marks, c.known)
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

// before returns a record behind which a version is to be found, if the replica knows where. Else
// it is the first one that it knows.
func (c *changes) before(version uint64) (at record, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, _ := slices.BinarySearchFunc(c.marks, version, func(mark record, version uint64) int {
		if mark.version() < version {
			return -1
		}
		return 1
	})
	if i > 0 {
		return c.marks[i-1], true
	}
	if len(c.marks) > 0 {
		return c.marks[0], false
	}
	return c.known, false
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
