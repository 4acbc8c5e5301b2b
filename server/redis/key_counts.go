package redis

import (
	"sync"
	"time"

	"github.com/mantisdb/mantisdb"
)

// keyCounts are how many keys the databases have. Nobody keeps count of them, so they are
// counted when they are asked for, and what was counted serves for a while: until
// something is written, and then for as long as makes counting take little of the time.
type keyCounts struct {
	mu      sync.Mutex
	counted map[*mantisdb.Keyspace]keyCount
}

type keyCount struct {
	DatabaseFigures
	version uint64 // of the database's newest write
	at      time.Time
	took    time.Duration
}

// Bounds of the time that counting takes: one so short is done each time, and others so
// seldom that they take a twentieth of it.
const (
	shortCount = 5 * time.Millisecond
	countPause = 20
)

// DatabaseFigures are what a numbered database has.
type DatabaseFigures struct {
	Number     int           `json:"number"`
	Keys       int64         `json:"keys"`
	Expires    int64         `json:"expires"` // keys that expire
	AverageTTL time.Duration `json:"average_ttl"`
}

// DatabaseFigures counts the keys of the databases that have any. A large one is not
// counted each time: its figures are up to twenty times as old as counting takes.
func (s *Server) DatabaseFigures() ([]DatabaseFigures, error) {
	stats, err := s.db.Stats()
	if err != nil {
		return nil, err
	}
	var list []DatabaseFigures
	for number := range databaseCount {
		ks := s.databases.at(number)
		if ks == nil {
			continue
		}
		f, err := s.counts.of(ks, stats.LastVersion)
		if err != nil {
			return nil, err
		}
		if f.Keys > 0 {
			f.Number = number
			list = append(list, f)
		}
	}
	return list, nil
}

func (k *keyCounts) of(ks *mantisdb.Keyspace, version uint64) (DatabaseFigures, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	known, ok := k.counted[ks]
	if ok && known.serves(version) {
		return known.DatabaseFigures, nil
	}
	count, err := countKeys(ks)
	if err != nil {
		return DatabaseFigures{}, err
	}
	count.version = version
	if k.counted == nil {
		k.counted = make(map[*mantisdb.Keyspace]keyCount)
	}
	k.counted[ks] = count
	return count.DatabaseFigures, nil
}

// serves tells whether the count need not be made again.
func (c *keyCount) serves(version uint64) bool {
	if c.version == version && c.Expires == 0 {
		return true
	}
	return c.took > shortCount && time.Since(c.at) < countPause*c.took
}

func countKeys(ks *mantisdb.Keyspace) (c keyCount, err error) {
	c.at = time.Now()
	now, left := c.at.UnixMilli(), float64(0)
	scan := ks.Scan(mantisdb.Range{KeysOnly: true})
	for entry := range scan.Entries() {
		c.Keys++
		if entry.ExpiresAt != 0 {
			c.Expires++
			left += float64(max(entry.ExpiresAt-now, 0))
		}
	}
	if c.Expires > 0 {
		c.AverageTTL = time.Duration(left / float64(c.Expires) * float64(time.Millisecond))
	}
	c.took = time.Since(c.at)
	return c, scan.Err()
}
