package placement

import "cmp"

// Assign places the shards of a new cluster, replicas each, and names a leader for each of them.
// With fewer nodes than that it places as many as there are; Plan adds the others when nodes join.
func Assign(nodes []Node, shards, replicas int) []Shard {
	c := Cluster{Nodes: nodes, Shards: make([]Shard, shards), Replicas: replicas}
	for {
		moves := Plan(c, Limits{})
		if len(moves) == 0 {
			break
		}
		for _, move := range moves {
			c.Apply(move)
		}
	}
	appoint(c)
	return c.Shards
}

// appoint names leaders: first in turn whoever leads least, then by the transfers that are left.
func appoint(c Cluster) {
	led := make(map[NodeID]int)
	for s := range c.Shards {
		shard := &c.Shards[s]
		for _, id := range shard.Replicas {
			fewer := cmp.Or(cmp.Compare(led[id], led[shard.Leader]), cmp.Compare(score(s, shard.Leader), score(s, id)))
			if shard.Leader == 0 || fewer < 0 {
				shard.Leader = id
			}
		}
		led[shard.Leader]++
	}
	for _, transfer := range Transfers(c, 0) {
		c.Shards[transfer.Shard].Leader = transfer.To
	}
}
