package simulation

import (
	"math"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// A Change is what it takes until a cluster is at rest again after nodes came or went.
type Change struct {
	Moves     int     `json:"moves"`
	Bytes     float64 `json:"bytes"`
	Seconds   float64 `json:"seconds"` // from the decision to the last byte
	Senders   int     `json:"senders"`
	Receivers int     `json:"receivers"`
	Else      int     `json:"else"`      // moves between nodes that neither came nor went
	Transfers int     `json:"transfers"` // of leads, before the moves and after them
	Stuck     int     `json:"stuck"`     // shards that lost their majority, and stay as they are
	Before    Balance `json:"before"`
	After     Balance `json:"after"`
}

// settle carries plans out until the cluster is at rest. touched tells of the nodes that came
// or went.
func settle(c Config, cluster placement.Cluster, touched func(placement.NodeID) bool) (change Change) {
	elect(cluster)
	change.Before = balanceOf(cluster)
	change.Transfers = handOver(cluster) // a draining node leads no more, and so sends nothing
	alive := aliveIn(cluster)
	pool := newCopies(c, func(move placement.Move) (placement.NodeID, bool) {
		return senderOf(cluster.Shards[move.Shard], alive)
	})
	for {
		plan := placement.Plan(cluster, placement.Limits{})
		if len(plan) == 0 {
			break
		}
		change.Moves += len(plan)
		for _, move := range plan {
			if !touched(move.From) && !touched(move.To) {
				change.Else++
			}
		}
		for pool.add(plan); ; {
			pool.begin()
			next := pool.next()
			if math.IsInf(next, 1) {
				break
			}
			change.Seconds += next
			for _, move := range pool.advance(next) {
				cluster.Apply(move)
			}
		}
	}
	change.Bytes = float64(change.Moves) * c.shardBytes()
	change.Senders, change.Receivers = len(pool.senders), len(pool.takers)
	for _, shard := range cluster.Shards {
		if living(shard, alive) <= len(shard.Replicas)/2 {
			change.Stuck++
		}
	}
	elect(cluster)
	change.Transfers += handOver(cluster)
	change.After = balanceOf(cluster)
	return change
}

// elect gives shards without a living leader the first replica that lives, as any may win.
func elect(cluster placement.Cluster) {
	alive := aliveIn(cluster)
	for s := range cluster.Shards {
		shard := &cluster.Shards[s]
		if !alive(shard.Leader) {
			shard.Leader, _ = senderOf(placement.Shard{Replicas: shard.Replicas}, alive)
		}
	}
}

// handOver evens out who leads, and returns how many transfers that took.
func handOver(cluster placement.Cluster) int {
	transfers := placement.Transfers(cluster, 0)
	for _, transfer := range transfers {
		cluster.Shards[transfer.Shard].Leader = transfer.To
	}
	return len(transfers)
}

// senderOf is who sends a shard's data: the leader, or else a replica that lives.
func senderOf(shard placement.Shard, alive func(placement.NodeID) bool) (placement.NodeID, bool) {
	if alive(shard.Leader) {
		return shard.Leader, true
	}
	for _, id := range shard.Replicas {
		if alive(id) {
			return id, true
		}
	}
	return 0, false
}

func living(shard placement.Shard, alive func(placement.NodeID) bool) (count int) {
	for _, id := range shard.Replicas {
		if alive(id) {
			count++
		}
	}
	return count
}

func aliveIn(cluster placement.Cluster) func(placement.NodeID) bool {
	state := make(map[placement.NodeID]bool, len(cluster.Nodes))
	for _, node := range cluster.Nodes {
		state[node.ID] = node.State != placement.Dead
	}
	return func(id placement.NodeID) bool { return state[id] }
}

// Changes are those of a cluster's life.
type Changes struct {
	Loss  Change `json:"loss"`  // of one node
	Drain Change `json:"drain"` // of one node
	Zone  Change `json:"zone"`  // the loss of a whole zone
	Join  Change `json:"join"`  // of one node
}

// changes lets each happen to the same cluster: to the node with the most replicas, to its zone.
func changes(c Config, cluster placement.Cluster) (all Changes) {
	held := make(map[placement.NodeID]int)
	for _, shard := range cluster.Shards {
		for _, id := range shard.Replicas {
			held[id]++
		}
	}
	fullest := cluster.Nodes[0]
	for _, node := range cluster.Nodes {
		if held[node.ID] > held[fullest.ID] {
			fullest = node
		}
	}
	in := func(which func(placement.Node) bool, state placement.State) Change {
		cluster := cluster.Clone()
		touched := make(map[placement.NodeID]bool)
		for i, node := range cluster.Nodes {
			if which(node) {
				cluster.Nodes[i].State = state
				touched[node.ID] = true
			}
		}
		return settle(c, cluster, func(id placement.NodeID) bool { return touched[id] })
	}
	isFullest := func(node placement.Node) bool { return node.ID == fullest.ID }
	all.Loss = in(isFullest, placement.Dead)
	all.Drain = in(isFullest, placement.Draining)
	all.Zone = in(func(node placement.Node) bool { return node.Zone == fullest.Zone }, placement.Dead)

	joined := placement.Node{ID: placement.NodeID(c.Nodes + 1), Zone: c.zoneOf(c.Nodes)}
	cluster = cluster.Clone()
	cluster.Nodes = append(cluster.Nodes, joined)
	all.Join = settle(c, cluster, func(id placement.NodeID) bool { return id == joined.ID })
	return all
}
