package redis

import (
	"sync"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/clock"
)

// The database does not know how many keys a keyspace has. DBSIZE and INFO count them, by
// a walk over all keys that reads no value: a second or so for ten million keys in the Rust
// engine, for one million in the Go engine. What was counted holds until something is
// written, to whichever keyspace, or the first of the keys expires; so it costs little to
// ask an idle server often, and a walk each time to ask a busy one. Those who ask at once
// wait for one walk.

// keyCount is what was counted last of a keyspace.
type keyCount struct {
	mu sync.Mutex // of a walk, and of what it has counted
	counted
}

// counted is how many keys a keyspace had.
type counted struct {
	known    bool
	version  uint64 // of the database, before the walk
	keys     int64
	expiring int64 // those that have an expiry
	// earliest is the first of the expiries, 0 for none, and mean their mean, in Unix
	// milliseconds.
	earliest, mean int64
}

// keyCounts are those of keyspaces.
type keyCounts struct {
	mu sync.Mutex
	of map[*mantisdb.Keyspace]*keyCount
}

func (s *keyCounts) at(ks *mantisdb.Keyspace) *keyCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[*mantisdb.Keyspace]*keyCount)
	}
	c := s.of[ks]
	if c == nil {
		c = new(keyCount)
		s.of[ks] = c
	}
	return c
}

// countKeys counts the keys of a numbered database, those of them that expire, and how
// many milliseconds those live on, on the average.
func (s *Server) countKeys(number int) (keys, expiring, averageTTL int64, err error) {
	ks := s.databases.at(number)
	if ks == nil {
		return 0, 0, 0, nil
	}
	c := s.counts.at(ks)
	c.mu.Lock()
	defer c.mu.Unlock()
	stats, err := s.db.Stats()
	if err != nil {
		return 0, 0, 0, err
	}
	now := clock.Now()
	if !c.holds(stats.LastVersion, now) {
		if err := c.count(ks, stats.LastVersion); err != nil {
			return 0, 0, 0, err
		}
	}
	if c.expiring > 0 {
		averageTTL = max(c.mean-now, 0)
	}
	return c.keys, c.expiring, averageTTL, nil
}

// holds tells whether what was counted is still so.
func (c *keyCount) holds(version uint64, now int64) bool {
	return c.known && c.version == version && (c.earliest == 0 || now < c.earliest)
}

// count counts anew. What is written meanwhile has a later version than the given one, so
// that a count that may have seen it does not hold afterwards.
func (c *keyCount) count(ks *mantisdb.Keyspace, version uint64) error {
	c.counted = counted{version: version}
	sum := float64(0)
	scan := ks.Scan(mantisdb.Range{KeysOnly: true})
	for entry := range scan.Entries() {
		c.keys++
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
	c.known = scan.Err() == nil
	return scan.Err()
}

// databaseSize is DBSIZE in a transaction, which counts each time.
func databaseSize(r *Request) error {
	count := int64(0)
	scan := r.keys().Scan(mantisdb.Range{KeysOnly: true})
	for range scan.All() {
		count++
	}
	if scan.Err() == nil {
		r.out.Int(count)
	}
	return scan.Err()
}

func databaseSizeDirect(r *Request) error {
	keys, _, _, err := r.server.countKeys(r.client.database)
	if err == nil {
		r.out.Int(keys)
	}
	return err
}
