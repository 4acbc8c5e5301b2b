package node

import (
	"github.com/mantisdb/mantisdb/cluster"
)

// Status is what a node tells the others, again and again.
type Status struct {
	// Cluster is the one that the node is of.
	Cluster clusterID    `json:"cluster,omitempty"`
	Node    cluster.Node `json:"node"`
	// Shards are those that have a replica at the node, and Meta is the group that keeps the
	// list of nodes, if it has one there, with a number that counts for nothing.
	Shards []ShardStatus `json:"shards"`
	Meta   *ShardStatus  `json:"meta,omitempty"`
	// Nodes is the list of nodes as the node knows it, and its version.
	Nodes   []cluster.Node `json:"nodes"`
	Version uint64         `json:"version"`
	// ShardCount is how many shards the cluster has.
	ShardCount int `json:"shard_count"`
	// Leaving tells that the node is about to stop, and takes no lead.
	Leaving bool `json:"leaving,omitempty"`
	// Protocol is the one that the cluster uses, as far as the node knows.
	Protocol cluster.Protocol `json:"protocol,omitempty"`
}

// in is what the node tells of its replica in a group, nil if it has none there.
func (s Status) in(group uint64) *ShardStatus {
	if group == metaGroup {
		return s.Meta
	}
	for i := range s.Shards {
		if groupOf(s.Shards[i].Shard) == group {
			return &s.Shards[i]
		}
	}
	return nil
}

// ShardStatus is what a node tells of a replica.
type ShardStatus struct {
	Shard int `json:"shard"`
	// Leads tells that the node serves the shard, in Term.
	Leads bool   `json:"leads"`
	Term  uint64 `json:"term"`
	// Applied is the index of the newest entry that the replica has applied.
	Applied uint64 `json:"applied"`
	// Voting are the nodes whose replicas have a vote, as far as this one has heard; Members is
	// the version of that.
	Voting  []cluster.NodeID `json:"voting"`
	Members uint64           `json:"members"`
	// Failure is why the replica does not run, empty if it does.
	Failure string `json:"failure,omitempty"`
}
