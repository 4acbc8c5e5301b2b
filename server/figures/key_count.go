package figures

import (
	"context"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb"
)

// keyCount is what was counted last of a keyspace.
type keyCount struct {
	keyspace *mantisdb.Keyspace
	mu       sync.Mutex // of a walk, and of what it has counted
	counted
}

// counted is how many keys a keyspace had.
type counted struct {
	known        bool
	version      uint64 // of the database, before the walk
	rangeDeletes uint64 // that the database had counted then
	ended        time.Time
	took         time.Duration
	keys         int64
	expiring     int64 // those that have an expiry
	// earliest is the first of the expiries, 0 for none, and mean their mean, in Unix
	// milliseconds.
	earliest, mean int64
}

// mostCounts is how many counts are kept: those of dropped keyspaces are among them, so when
// they are too many, all are made anew.
const mostCounts = 10_000

// keyCounts are those of keyspaces, by their names: one that was dropped has its count
// replaced by that of the next one of its name.
type keyCounts struct {
	mu sync.Mutex
	of map[string]*keyCount
}

func (s *keyCounts) at(ks *mantisdb.Keyspace) *keyCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[string]*keyCount)
	}
	c := s.of[ks.Name()]
	if c == nil || c.keyspace != ks {
		if len(s.of) >= mostCounts {
			clear(s.of)
		}
		c = &keyCount{keyspace: ks}
		s.of[ks.Name()] = c
	}
	return c
}

// Bounds of how long a count is told that may not be exact any more.
const (
	fewKeys     = 10_000 // which take a few milliseconds at most, and are counted anew
	countShare  = 20     // so many times as long as it took
	oldestCount = 10 * time.Second
)

// isExact tells whether what was counted is still so.
func (c *keyCount) isExact(stats *mantisdb.Stats, now int64) bool {
	return c.known && c.version == stats.LastVersion && (c.earliest == 0 || now < c.earliest)
}

// mayBeTold tells whether to count anew would cost too much for how old the count is.
func (c *keyCount) mayBeTold(stats *mantisdb.Stats) bool {
	return c.known && c.keys > fewKeys && c.rangeDeletes == stats.RangeDeletes &&
		time.Since(c.ended) < min(c.took*countShare, oldestCount)
}

// walk counts anew. What is written meanwhile has a later version than stats, so that a
// count that may have seen it is not exact afterwards.
func (c *keyCount) walk(ctx context.Context, stats *mantisdb.Stats) error {
	began := time.Now()
	c.counted = counted{version: stats.LastVersion, rangeDeletes: stats.RangeDeletes}
	sum := float64(0)
	scan := c.keyspace.Scan(mantisdb.Range{KeysOnly: true})
	for entry := range scan.Entries() {
		if c.keys++; c.keys%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		at := entry.ExpiresAt
		if at == 0 {
			continue
		}
		c.expiring++
		sum += float64(at)
		if c.earliest == 0 || at < c.earliest {
			c.earliest = at
		}
	}
	if c.expiring > 0 {
		c.mean = int64(sum / float64(c.expiring))
	}
	c.ended = time.Now()
	c.took = c.ended.Sub(began)
	c.known = scan.Err() == nil
	return scan.Err()
}
