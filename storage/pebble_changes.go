package storage

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// changeLog keeps the newest changes of the pure-Go engine while there are feeds.
//
// Writes become visible in any order. So each tells what it did with its versions once
// that is visible, also if it was nothing, and what has been told without a gap is what
// feeds see. The first feed begins while no write is under way, so that the versions
// from there on are all told.
type changeLog struct {
	active   atomic.Bool
	told     bell
	capacity int // the most bytes of changes that are kept

	mu    sync.Mutex
	feeds int
	// Everything from the version floor+1 through end is in writes.
	floor, end uint64
	writes     []publication // by version
	bytes      int           // what they take
	early      map[uint64]publication
}

// publication is what one write did: its operations, packed, from version first
// through last. A write that failed has none.
type publication struct {
	first, last uint64
	packed      []byte
}

func (p *publication) bytes() int { return int(unsafe.Sizeof(*p)) + cap(p.packed) }

// init sets how much is kept, given the memory limit, 0 for none.
func (c *changeLog) init(limit uint64) {
	if c.capacity = WatchBufferLen; limit != 0 {
		c.capacity = int(min(WatchBufferLen, limit/16))
	}
}

// join counts a feed. last is the greatest version that was given out, and no write is
// under way.
func (c *changeLog) join(last uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feeds == 0 {
		c.floor, c.end = last, last
		c.early = make(map[uint64]publication)
		c.active.Store(true)
	}
	c.feeds++
}

func (c *changeLog) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feeds--; c.feeds == 0 {
		c.active.Store(false)
		c.writes, c.bytes, c.early = nil, 0, nil
	}
}

// publishOne tells of a write of one operation, nil if it failed.
func (c *changeLog) publishOne(version uint64, op *Op) {
	if !c.active.Load() {
		return
	}
	var b Batch
	if op != nil {
		// A batch of one operation that was written cannot be too long.
		_ = b.append(op.Kind, op.Key, op.Value, op.ExpiresAt)
	}
	c.publish(publication{version, version, b.packed})
}

// publishBatch tells of a batch whose first version is given. It failed if it was not
// written.
func (c *changeLog) publishBatch(first uint64, b *Batch, written bool) {
	if !c.active.Load() {
		return
	}
	p := publication{first: first, last: first + uint64(b.Len()) - 1}
	if written {
		p.packed = slices.Clone(b.Packed())
	}
	c.publish(p)
}

func (c *changeLog) publish(p publication) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feeds == 0 || p.first <= c.end {
		return // the last feed ended meanwhile
	}
	c.early[p.first] = p
	for {
		next, ok := c.early[c.end+1]
		if !ok {
			break
		}
		delete(c.early, next.first)
		c.end = next.last
		if len(next.packed) > 0 {
			c.keep(next)
		}
	}
	c.told.ring()
}

// keep adds the newest write, and drops the oldest ones above the limit, but not the
// newest.
func (c *changeLog) keep(p publication) {
	c.writes = append(c.writes, p)
	c.bytes += p.bytes()
	for c.bytes > c.capacity && len(c.writes) > 1 {
		c.bytes -= c.writes[0].bytes()
		c.floor = c.writes[0].last
		c.writes[0] = publication{}
		c.writes = c.writes[1:]
	}
}

// fetchedWrites is how many writes a feed takes at once at most.
const fetchedWrites = 64

// after is some of the writes behind a version, and the version up to which there is
// nothing else if there are none. The first version to be had is told if it is not the
// next.
func (c *changeLog) after(version uint64) (writes []publication, end uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version < c.floor {
		return nil, 0, fmt.Errorf("changes can be had from version %d on", c.floor+1)
	}
	i, _ := slices.BinarySearchFunc(c.writes, version+1, func(p publication, v uint64) int {
		if p.last < v {
			return -1
		}
		return 1
	})
	writes = c.writes[i:min(len(c.writes), i+fetchedWrites)]
	return slices.Clone(writes), c.end, nil
}
