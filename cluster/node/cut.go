package node

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// Cut makes a cut of a shard that this node leads, whose writes wait for so long at most; else it
// is cluster.ErrNotLeader.
func (n *Node) Cut(shard int, most time.Duration) (cluster.Cut, error) {
	n.mu.Lock()
	g := n.groups[groupOf(shard)]
	n.mu.Unlock()
	if g == nil {
		return nil, fmt.Errorf("%w: it has no replica of shard %d", cluster.ErrNotLeader, shard)
	}
	term := g.leading.Load()
	if term == nil {
		return nil, cluster.ErrNotLeader
	}
	cut, err := term.Cut(most)
	if err != nil {
		return nil, err // and not a Cut that is nil
	}
	return cut, nil
}
