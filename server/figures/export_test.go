package figures

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

// LetCountTake has the last count of a keyspace be one that took so long.
func (c *Collector) LetCountTake(ks *mantisdb.Keyspace, took time.Duration) {
	count := c.counts.at(ks)
	count.mu.Lock()
	defer count.mu.Unlock()
	count.took = took
}
