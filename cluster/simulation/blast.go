package simulation

import (
	"math/rand/v2"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// A Blast is what a number of nodes take along that fail at the same time, over many trials.
type Blast struct {
	Failures int `json:"failures"`
	// Majority and Copies are how probable it is that some shard loses its majority, and all
	// its copies.
	Majority float64 `json:"majority"`
	Copies   float64 `json:"copies"`
	// MajorityShare and CopiesShare are which part of the key space that is on average of all
	// trials, and MajorityHit and CopiesHit of those in which it is any.
	MajorityShare float64 `json:"majority_share"`
	CopiesShare   float64 `json:"copies_share"`
	MajorityHit   float64 `json:"majority_hit"`
	CopiesHit     float64 `json:"copies_hit"`
}

// blast draws failures nodes at random, trials times, of nodes with the IDs from 1.
func blast(rng *rand.Rand, shards []placement.Shard, nodes, failures, trials int) Blast {
	held := make([][]int, nodes+1)
	for s, shard := range shards {
		for _, id := range shard.Replicas {
			held[id] = append(held[id], s)
		}
	}
	ids := make([]int, nodes)
	for i := range ids {
		ids[i] = i + 1
	}
	failures = min(failures, nodes)
	lost := make([]int, len(shards)) // replicas
	var majorities, copies, majorityTrials, copiesTrials int
	for range trials {
		majority, all := 0, 0
		for i := range failures {
			j := i + rng.IntN(nodes-i)
			ids[i], ids[j] = ids[j], ids[i]
			for _, s := range held[ids[i]] {
				lost[s]++
				if lost[s] == len(shards[s].Replicas)/2+1 {
					majority++
				}
				if lost[s] == len(shards[s].Replicas) {
					all++
				}
			}
		}
		for _, id := range ids[:failures] {
			for _, s := range held[id] {
				lost[s] = 0
			}
		}
		majorities += majority
		copies += all
		majorityTrials += min(majority, 1)
		copiesTrials += min(all, 1)
	}
	per := func(sum, of int) float64 { return float64(sum) / float64(max(of, 1)) }
	space := float64(len(shards))
	return Blast{
		Failures: failures,
		Majority: per(majorityTrials, trials), Copies: per(copiesTrials, trials),
		MajorityShare: per(majorities, trials) / space, CopiesShare: per(copies, trials) / space,
		MajorityHit: per(majorities, majorityTrials) / space, CopiesHit: per(copies, copiesTrials) / space,
	}
}

// copysets places shards in the way that placement does not: by permutations of the nodes, cut
// into sets of distinct zones, as many as give a node scatter peers (Cidon et al., 2013). Shards
// are dealt out to the sets in turn.
func copysets(rng *rand.Rand, c Config, nodes []placement.Node) []placement.Shard {
	var sets [][]placement.NodeID
	for range max(1, c.Scatter/max(1, c.Replicas-1)) {
		left := make([]placement.Node, len(nodes))
		for i, j := range rng.Perm(len(nodes)) {
			left[i] = nodes[j]
		}
		for len(left) > 0 {
			set := make(map[string]bool)
			var ids []placement.NodeID
			rest := left[:0:0]
			for _, node := range left {
				if len(ids) < c.Replicas && !set[node.Zone] {
					set[node.Zone] = true
					ids = append(ids, node.ID)
				} else {
					rest = append(rest, node)
				}
			}
			if len(ids) < c.Replicas {
				break // what is left over is in too few zones
			}
			sets = append(sets, ids)
			left = rest
		}
	}
	shards := make([]placement.Shard, c.Shards)
	for s := range shards {
		shards[s].Replicas = sets[s%len(sets)]
	}
	return shards
}
