//go:build linux

package clustertest

import (
	"encoding/json"
	"fmt"

	"github.com/mantisdb/mantisdb/cluster"
)

// replica is what one has, of what it has applied.
type replica struct {
	Applied  uint64 `json:"applied"`
	Checksum string `json:"checksum"`
}

// equal tells which replicas differ. They have all applied the same if nobody writes, and
// then must be equal.
func (r *running) equal() error {
	topology, err := r.topology(r.nodes[0])
	if err != nil {
		return err
	}
	for i, shard := range topology.Shards {
		var first replica
		for j, id := range shard.Replicas {
			one, err := r.replica(topology.Node(id), i)
			if err != nil {
				return err
			}
			if j == 0 {
				first = one
			}
			if one != first {
				return fmt.Errorf("shard %d: node %d has %+v, node %d has %+v", i, shard.Replicas[0], first, id, one)
			}
		}
	}
	return nil
}

func (r *running) replica(n *cluster.Node, shard int) (replica, error) {
	text, err := r.get(fmt.Sprintf("http://%s/cluster/v1/shards/%d/checksum", n.Peer, shard))
	if err != nil {
		return replica{}, err
	}
	// A checksum is compared as it is written, a number as well as a string.
	var told struct {
		Applied  uint64
		Checksum json.RawMessage
	}
	if err := json.Unmarshal(text, &told); err != nil {
		return replica{}, err
	}
	return replica{told.Applied, string(told.Checksum)}, nil
}
