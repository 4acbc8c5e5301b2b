package placement

import (
	"fmt"
	"testing"
)

// What a plan costs the node that makes it, in the largest cluster that docs/scaling.md is about.
func BenchmarkPlan(b *testing.B) {
	for _, shards := range []int{1024, 4096, 16384} {
		c := newCluster(newNodes(1000, 40), shards)
		lost := c.Clone()
		lost.Nodes[500].State = Dead
		joined := c.Clone()
		joined.Nodes = append(joined.Nodes, Node{ID: 1001, Zone: "zone7"})
		for name, c := range map[string]Cluster{"rest": c, "loss": lost, "join": joined} {
			b.Run(fmt.Sprint(name, "/", shards), func(b *testing.B) {
				for b.Loop() {
					Plan(c, Limits{})
				}
			})
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	nodes := newNodes(1000, 40)
	for _, shards := range []int{1024, 4096, 16384} {
		b.Run(fmt.Sprint(shards), func(b *testing.B) {
			for b.Loop() {
				Assign(nodes, shards, 3)
			}
		})
	}
}
