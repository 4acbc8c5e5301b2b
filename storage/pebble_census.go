package storage

import "sync"

// Up to so many records, live and dead, in tables of so many bytes, keys are
// counted one by one, in about a millisecond. Beyond, they are estimated.
const (
	countedRecords = 4096
	countedBytes   = 16 << 20
)

// census knows what Pebble does not tell: how many records its memtables hold.
type census struct {
	mu sync.Mutex
	// What had been written when the last flush that ended began, and when the
	// current one began. What was written since is in the memtables.
	flushed, flushing tally
	reclaimed         uint64
}

// tally counts records, and the bytes of their keys and values. The deletion of a
// range is one of deletes; of the tables, ranges is not known.
type tally struct{ puts, deletes, ranges, bytes uint64 }

func (t tally) plus(o tally) tally {
	return tally{t.puts + o.puts, t.deletes + o.deletes, t.ranges + o.ranges, t.bytes + o.bytes}
}

func (t tally) minus(o tally) tally {
	return tally{t.puts - o.puts, t.deletes - o.deletes, t.ranges - o.ranges, t.bytes - o.bytes}
}

func (t tally) records() uint64 { return t.puts + t.deletes }

// flushBegins notes that the memtables are on their way to a table. Pebble
// moved on to a new one a moment ago; what was written to it since is taken for
// flushed.
func (c *census) flushBegins(written tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushing = written
}

func (c *census) flushEnds() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushed = c.flushing
}

// take is what was written, and what the memtables hold of it. The counters are
// read under the lock: they are never behind what a flush noted.
func (c *census) take(n *counters) (written, memtables tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written = n.tally()
	return written, written.minus(c.flushed)
}

// raiseReclaimed keeps the greatest figure, which is what a counter shows.
func (c *census) raiseReclaimed(n uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reclaimed = max(c.reclaimed, n)
	return c.reclaimed
}

// contents is what an engine holds, in records: a key may have several, and a
// deletion is one too.
type contents struct {
	written   tally // since Open
	memtables tally
	tables    tally
	complete  bool // the figures of all tables are known
}

// contents reads the figures of all tables. The memtables are looked at first:
// what a flush moves in between is counted twice and not left out.
func (e *GoStorageEngine) contents() (contents, error) {
	c := contents{complete: true}
	c.written, c.memtables = e.census.take(&e.counters)
	levels, err := e.db.SSTables()
	if err != nil {
		return contents{}, translate(err)
	}
	for _, level := range levels {
		for _, table := range level {
			if table.Smallest.UserKey[0] == expirySpace {
				continue // holds notes only
			}
			s := &table.TableStats
			c.tables = c.tables.plus(tally{s.NumEntries - s.NumDeletions, s.NumDeletions, 0, s.RawKeySize + s.RawValueSize})
			c.complete = c.complete && s.NumEntries > 0
		}
	}
	return c, nil
}

// liveKeys is the number of live keys, and whether it is estimated.
func (e *GoStorageEngine) liveKeys(c contents) (keys uint64, estimated bool, err error) {
	all := c.memtables.plus(c.tables)
	if c.complete && all.records() <= countedRecords && c.tables.bytes <= countedBytes {
		keys, err = e.countKeys()
		return keys, false, err
	}
	// Each put is taken for that of a new key, and each deletion for that of
	// an existing one.
	return all.puts - min(all.puts, all.deletes), true, nil
}

func (e *GoStorageEngine) countKeys() (n uint64, err error) {
	iter, err := e.db.NewIter(iterOptions(Range{}))
	if err != nil {
		return 0, translate(err)
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		n++
	}
	return n, translate(iter.Close())
}

// reclaimedDeletions is the number of deletions whose record is gone too, which is when
// a compaction has dropped all that they deleted.
func (e *GoStorageEngine) reclaimedDeletions(c contents) uint64 {
	kept := c.memtables.deletes + c.tables.deletes
	if !c.complete || kept > c.written.deletes {
		kept = c.written.deletes // cannot tell now
	}
	return e.census.raiseReclaimed(c.written.deletes - kept)
}
