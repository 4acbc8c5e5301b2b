package placement

import (
	"fmt"
	"math"
	"slices"
)

// A NodeID names a node for all time. No node has the ID 0.
type NodeID uint64

// A State tells what a node may be used for. The greater it is, the sooner replicas are to leave.
type State uint8

const (
	// Up is the state of a node that may hold replicas and lead.
	Up State = iota
	// Draining is that of a node which works, but is to hold nothing in the end.
	Draining
	// Dead is that of a node which is not expected to come back with its data.
	Dead
)

// A Node is a member of the cluster.
type Node struct {
	ID NodeID
	// Zone is what fails together with the node, as a rack. A node without one is a zone of its own.
	Zone string
	// State is what the cluster makes of the node. One that was removed need not be listed: where
	// it has a replica it counts as dead.
	State State
	// Away is set while the node is out of reach, or about to be: it keeps what it holds, and is given
	// nothing. While a node is that is up, nothing moves for the sake of balance.
	Away bool
	// Weight is the node's capacity beside that of others; 0 counts as 1.
	Weight float64
}

// A Shard is where one shard's replicas are now.
type Shard struct {
	Replicas []NodeID
	// Leader is the replica that leads, or 0 if none is known to.
	Leader NodeID
	// Stuck is set while the shard cannot agree upon a change: it gets no move.
	Stuck bool
}

// A Cluster is all that a plan is made of.
type Cluster struct {
	Nodes []Node
	// Shards are numbered by their places here.
	Shards []Shard
	// Replicas is how many a shard is to have, if there are as many nodes.
	Replicas int
	// InFlight are moves that have begun and that Shards does not show yet. They count as done,
	// and against the limits; their shards get no other move meanwhile.
	InFlight []Move
}

// A Move replaces a replica of a shard. It adds one if From is 0, and removes one if To is 0.
type Move struct {
	Shard    int
	From, To NodeID
}

// Validate says what is wrong with a cluster, of which no plan can be made then.
func (c Cluster) Validate() error {
	if c.Replicas < 1 {
		return fmt.Errorf("%d replicas a shard: it must be at least 1", c.Replicas)
	}
	seen := make(map[NodeID]bool, len(c.Nodes))
	for _, node := range c.Nodes {
		switch {
		case node.ID == 0:
			return fmt.Errorf("a node has the ID 0, which stands for none")
		case seen[node.ID]:
			return fmt.Errorf("node %d is listed twice", node.ID)
		case !(node.Weight >= 0) || math.IsInf(node.Weight, 1):
			return fmt.Errorf("node %d has the weight %v: it must be a number from 0", node.ID, node.Weight)
		}
		seen[node.ID] = true
	}
	for number, shard := range c.Shards {
		for i, id := range shard.Replicas {
			if id == 0 || slices.Contains(shard.Replicas[:i], id) {
				return fmt.Errorf("shard %d has replicas on %v: they must be distinct and not 0", number, shard.Replicas)
			}
		}
	}
	for _, move := range c.InFlight {
		if move.Shard < 0 || move.Shard >= len(c.Shards) {
			return fmt.Errorf("a move of shard %d: there are %d", move.Shard, len(c.Shards))
		}
	}
	return nil
}

// Apply carries a move out in the table: the shard has one replica at To and none at From. A
// leader that is moved leads no more.
func (c Cluster) Apply(move Move) {
	shard := &c.Shards[move.Shard]
	replicas := make([]NodeID, 0, len(shard.Replicas)+1)
	for _, id := range shard.Replicas {
		if id != move.From && id != move.To {
			replicas = append(replicas, id)
		}
	}
	if move.To != 0 {
		replicas = append(replicas, move.To)
	}
	shard.Replicas = replicas
	if shard.Leader == move.From {
		shard.Leader = 0
	}
}

// Clone is a copy that shares nothing with c.
func (c Cluster) Clone() Cluster {
	c.Nodes = slices.Clone(c.Nodes)
	c.InFlight = slices.Clone(c.InFlight)
	c.Shards = slices.Clone(c.Shards)
	for i := range c.Shards {
		c.Shards[i].Replicas = slices.Clone(c.Shards[i].Replicas)
	}
	return c
}
