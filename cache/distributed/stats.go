package distributed

import (
	"sync/atomic"

	"github.com/mantisdb/mantisdb/storage"
)

// Stats are a node's figures. Those that count events do so since it was opened.
type Stats struct {
	// Engine has the figures of what the node has; its Keys are those of all copies.
	Engine storage.Stats
	// Nodes are the addresses of those that the node sees, itself included; none while it
	// sees too few.
	Nodes []string
	// Forgotten is how often the node dropped everything, since it may have missed writes.
	Forgotten uint64

	Hits, Misses uint64 // of Get, Delete and Expire at this node, wherever the key is
	Unreachable  uint64 // misses since a node did not answer
	Writes       uint64
}

type counts struct{ hits, misses, unreachable, writes atomic.Uint64 }

// Stats are the figures of this moment.
func (c *Cache) Stats() (Stats, error) {
	engine, err := c.store.Stats()
	if err != nil {
		return Stats{}, err
	}
	s := Stats{
		Engine: engine, Forgotten: c.store.Forgotten(),
		Hits: c.counts.hits.Load(), Misses: c.counts.misses.Load(),
		Unreachable: c.counts.unreachable.Load(), Writes: c.counts.writes.Load(),
	}
	if m := c.member.Load(); m != nil {
		s.Nodes = m.nodes()
	}
	return s, nil
}
