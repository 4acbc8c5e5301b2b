package simulation

import (
	"slices"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// A Balance is how evenly nodes are loaded. Shards count as of one size.
type Balance struct {
	Replicas Spread `json:"replicas"`
	Leaders  Spread `json:"leaders"`
	Sets     int    `json:"sets"`  // different sets of nodes that hold a shard
	Peers    Spread `json:"peers"` // nodes that a node shares a shard with
}

// A Spread is of numbers, one a node that is up.
type Spread struct {
	Least, Greatest int
	Mean            float64
}

// Imbalance is the greatest over the mean; 1 if all are 0.
func (s Spread) Imbalance() float64 {
	if s.Mean == 0 {
		return 1
	}
	return float64(s.Greatest) / s.Mean
}

func balanceOf(c placement.Cluster) Balance {
	replicas, leaders := make(map[placement.NodeID]int), make(map[placement.NodeID]int)
	peers := make(map[placement.NodeID]map[placement.NodeID]bool)
	sets := make(map[[mostReplicas]placement.NodeID]bool)
	for _, shard := range c.Shards {
		var set [mostReplicas]placement.NodeID
		copy(set[:], shard.Replicas)
		slices.Sort(set[:])
		sets[set] = true
		leaders[shard.Leader]++
		for _, id := range shard.Replicas {
			replicas[id]++
			for _, other := range shard.Replicas {
				if peers[id] == nil {
					peers[id] = make(map[placement.NodeID]bool)
				}
				if other != id {
					peers[id][other] = true
				}
			}
		}
	}
	return Balance{
		Replicas: spreadOf(c, func(id placement.NodeID) int { return replicas[id] }),
		Leaders:  spreadOf(c, func(id placement.NodeID) int { return leaders[id] }),
		Peers:    spreadOf(c, func(id placement.NodeID) int { return len(peers[id]) }),
		Sets:     len(sets),
	}
}

func spreadOf(c placement.Cluster, count func(placement.NodeID) int) (s Spread) {
	nodes, sum := 0, 0
	for _, node := range c.Nodes {
		if node.State != placement.Up {
			continue
		}
		number := count(node.ID)
		if nodes == 0 || number < s.Least {
			s.Least = number
		}
		s.Greatest = max(s.Greatest, number)
		nodes++
		sum += number
	}
	s.Mean = float64(sum) / float64(max(nodes, 1))
	return s
}
