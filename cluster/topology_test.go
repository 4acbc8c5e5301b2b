package cluster_test

import (
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestHas: a node that has a replica of the list of nodes alone is not one that has none.
func TestHas(t *testing.T) {
	topology := cluster.Topology{
		Shards: []cluster.Shard{{Replicas: []cluster.NodeID{1, 2}}},
		Meta:   cluster.Shard{Replicas: []cluster.NodeID{2, 3}},
	}
	for id, want := range map[cluster.NodeID]bool{1: true, 2: true, 3: true, 4: false} {
		if got := topology.Has(id); got != want {
			t.Errorf("node %d has replicas: %v, want %v", id, got, want)
		}
	}
}
