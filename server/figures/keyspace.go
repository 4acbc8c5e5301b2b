package figures

import (
	"context"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/clock"
)

// Keyspace is how many keys a keyspace has.
type Keyspace struct {
	Name       string        `json:"name"` // empty for the default one
	Keys       int64         `json:"keys"`
	Expiring   int64         `json:"expiring"`          // those that have an expiry
	AverageTTL time.Duration `json:"average_ttl_nanos"` // of those; 0 without any
}

// CountKeys tells how many keys a keyspace has. The database does not know that, so it is
// counted by a walk over all keys that reads no value, and remembered.
//
// What was counted is exact as long as nothing is written, to whichever keyspace, and none
// of the keys expires. Up to 10,000 keys are counted anew after that. Of more, the last
// count is told for twenty times as long as it took, ten seconds at most, unless a range was
// deleted since then. If the engine knows the number of
// all keys and all are of this keyspace, Keys is that number all the same: then a key that
// has expired may count until its memory is taken back.
//
// Those who ask at once wait for one walk.
func (c *Collector) CountKeys(ctx context.Context, ks *mantisdb.Keyspace) (Keyspace, error) {
	count := c.counts.at(ks)
	count.mu.Lock()
	defer count.mu.Unlock()
	stats, err := c.source.Stats(ctx)
	if err != nil {
		return Keyspace{}, err
	}
	now := clock.Now()
	exact := count.isExact(&stats, now)
	if !exact && !count.mayBeTold(&stats) {
		if err := count.walk(ctx, &stats); err != nil {
			return Keyspace{}, err
		}
		exact = true
	}
	found := Keyspace{Name: ks.Name(), Keys: count.keys, Expiring: count.expiring}
	if found.Expiring > 0 {
		found.AverageTTL = time.Duration(max(count.mean-now, 0)) * time.Millisecond
	}
	if !exact && !stats.KeysEstimated {
		named, err := c.source.Keyspaces(ctx)
		if err != nil {
			return Keyspace{}, err
		}
		if len(named) == 0 {
			found.Keys = int64(stats.Keys)
			found.Expiring = min(found.Expiring, found.Keys)
		}
	}
	return found, nil
}
