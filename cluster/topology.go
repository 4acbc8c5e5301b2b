package cluster

import (
	"cmp"
	"slices"
)

// NodeID is the number of a node, unique in its cluster for ever; 0 is none.
type NodeID uint64

// NodeState tells what a node is there for.
type NodeState string

// The states of a node.
const (
	// NodeUp has replicas, and gets more.
	NodeUp NodeState = "up"
	// NodeDraining gives its replicas away, to be removed.
	NodeDraining NodeState = "draining"
	// NodeDead is not coming back: its replicas are to be made anew on others.
	NodeDead NodeState = "dead"
)

// Node is one member of a cluster.
type Node struct {
	ID NodeID `json:"id"`
	// Client is the address, host and port, at which clients reach the node, Peer that at
	// which other nodes do, and Raft that of the consensus between them.
	Client string `json:"client"`
	Peer   string `json:"peer"`
	Raft   string `json:"raft"`
	// Redis is the address at which clients that know Redis Cluster reach it; empty if it has
	// none but Client.
	Redis string `json:"redis,omitempty"`
	// Zone is what fails together with the node, such as a rack; empty if nobody knows.
	Zone  string    `json:"zone,omitempty"`
	State NodeState `json:"state"`
	// Version is that of the program that the node runs, and Protocol the newest one that it
	// understands; 0 is not known.
	Version  string   `json:"version"`
	Protocol Protocol `json:"protocol,omitempty"`
	// Reachable tells whether the node answered lately, and its consensus took connections; it is what one
	// node believes.
	Reachable bool `json:"reachable"`
}

// ForRedisCluster is where clients are sent that know Redis Cluster.
func (n *Node) ForRedisCluster() string { return cmp.Or(n.Redis, n.Client) }

// Shard is one part of the database.
type Shard struct {
	// Leader is the node that serves the shard, 0 if none is known.
	Leader NodeID `json:"leader"`
	// Term grows with each change of the leader.
	Term uint64 `json:"term"`
	// Replicas are the nodes that have a copy and a vote, in the order of their numbers.
	Replicas []NodeID `json:"replicas"`
	// Failed are nodes whose replica does not run, as it cannot be opened; they say why in
	// their logs, and try again.
	Failed []NodeID `json:"failed,omitempty"`
}

// Topology is how a cluster is laid out, as one node knows it. It is not changed once it is
// shared.
type Topology struct {
	// Self is the node that tells.
	Self NodeID `json:"self"`
	// Cluster is the number by which nodes tell their cluster from others, 16 hexadecimal digits; empty for
	// one that was made before there were such.
	Cluster string `json:"cluster,omitempty"`
	// Protocol is the one that the nodes use; 0 is not known.
	Protocol Protocol `json:"protocol,omitempty"`
	// Nodes are in the order of their numbers, Shards in that of their slots.
	Nodes  []Node  `json:"nodes"`
	Shards []Shard `json:"shards"`
	// Meta is the group that has the list of the nodes, which is laid out as a shard is.
	Meta Shard `json:"meta"`
}

// Node is the node of a number, nil if there is none.
func (t *Topology) Node(id NodeID) *Node {
	i := slices.IndexFunc(t.Nodes, func(n Node) bool { return n.ID == id })
	if i < 0 {
		return nil
	}
	return &t.Nodes[i]
}

// Has tells whether a node has a replica of a shard, or of the list of nodes.
func (t *Topology) Has(id NodeID) bool {
	return slices.Contains(t.Meta.Replicas, id) || slices.ContainsFunc(t.Shards, func(s Shard) bool { return slices.Contains(s.Replicas, id) })
}

// ShardOf is the shard of a slot: the slots are dealt out evenly and in order.
func (t *Topology) ShardOf(slot uint16) int { return ShardOf(slot, len(t.Shards)) }

// ShardOf is the shard of a slot if there are so many shards.
func ShardOf(slot uint16, shards int) int { return int(slot) * shards / SlotCount }

// Slots are the first and the last slot of a shard.
func (t *Topology) Slots(shard int) (first, last uint16) {
	n := len(t.Shards)
	begin := func(shard int) int { return (shard*SlotCount + n - 1) / n }
	return uint16(begin(shard)), uint16(begin(shard+1) - 1)
}
