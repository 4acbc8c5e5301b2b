//go:build linux

package clustertest

import (
	"fmt"

	"github.com/mantisdb/mantisdb/cluster"
)

// keyOf is a key of a shard that begins with a name.
func keyOf(topology *cluster.Topology, shard int, name string) string {
	for i := 0; ; i++ {
		key := fmt.Sprintf("%s{%d}", name, i)
		if topology.ShardOf(cluster.Slot([]byte(key))) == shard {
			return key
		}
	}
}

// ledBy are the shards that a node leads.
func ledBy(topology *cluster.Topology, id cluster.NodeID) (shards []int) {
	for i, shard := range topology.Shards {
		if shard.Leader == id {
			shards = append(shards, i)
		}
	}
	return shards
}
