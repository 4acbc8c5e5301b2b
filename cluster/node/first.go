package node

import (
	"fmt"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/placement"
)

// planFirst decides on the replicas that this node begins with. All nodes that make the cluster
// come to the same plan, since they are given the same.
func (n *Node) planFirst() error {
	nodes, _ := n.list.get()
	var places []placement.Node
	raft := make(map[cluster.NodeID]string)
	for _, node := range nodes {
		places = append(places, placement.Node{ID: placement.NodeID(node.ID)})
		raft[node.ID] = node.Raft
	}
	shards := placement.Assign(places, n.config.Shards, Replicas)
	meta := make([]placement.NodeID, 0, Replicas)
	for _, node := range nodes[:min(Replicas, len(nodes))] {
		meta = append(meta, placement.NodeID(node.ID))
	}
	n.hosted.Format = filesFormat
	n.begin(metaGroup, meta, raft)
	for i, shard := range shards {
		n.begin(groupOf(i), shard.Replicas, raft)
	}
	if err := writeFile(n.path(hostedFile), n.hosted); err != nil {
		return fmt.Errorf("writing down the first replicas: %w", err)
	}
	return nil
}

// begin plans the replica of a group that begins at some nodes, if this is one of them.
func (n *Node) begin(group uint64, at []placement.NodeID, raft map[cluster.NodeID]string) {
	members, isHere := make(map[uint64]string), false
	for _, id := range at {
		node := cluster.NodeID(id)
		members[replicaOf(node, 0)] = raft[node]
		isHere = isHere || node == n.config.Self.ID
	}
	if isHere {
		n.hosted.Replicas = append(n.hosted.Replicas, hostedReplica{Group: group, Number: replicaOf(n.config.Self.ID, 0), Members: members})
	}
}
