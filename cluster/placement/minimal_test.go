package placement

import "testing"

// Joins and losses one after the other, of nodes of one weight in no zones or in three: a join
// moves nothing between others, and a loss hardly ever does, however the cluster came to be.
func TestNothingElseMoves(t *testing.T) {
	rng := seeded(t)
	needed, others := 0, 0 // after losses
	for _, zones := range []int{0, 3} {
		for range 40 {
			nodes := 3 * (2 + rng.IntN(6))
			c := newCluster(newNodes(nodes, zones), 1+rng.IntN(100))
			for last := NodeID(nodes) + 1; last < NodeID(nodes)+12; last++ {
				lost := c.Nodes[rng.IntN(len(c.Nodes))]
				held := loads(c)[lost.ID]
				for i := range c.Nodes {
					if c.Nodes[i].ID == lost.ID {
						c.Nodes = append(c.Nodes[:i:i], c.Nodes[i+1:]...)
						break
					}
				}
				moves := settle(t, c, Limits{Total: rng.IntN(5)})
				needed += held
				others += len(moves) - held
				joined := Node{ID: last, Zone: lost.Zone}
				c.Nodes = append(c.Nodes, joined)
				for _, move := range settle(t, c, Limits{Total: rng.IntN(5)}) {
					if move.To != last {
						t.Fatalf("%d zones: %v after node %d joined", zones, move, last)
					}
				}
				checkSettled(t, c)
				checkEven(t, c)
			}
		}
	}
	if others*500 > needed {
		t.Errorf("%d moves for %d lost replicas", needed+others, needed)
	}
}

// Where weights and zones differ a chain may be longer than one, but seldom: few moves of a
// hundred are between nodes that neither came nor went.
func TestLittleElseMoves(t *testing.T) {
	rng := seeded(t)
	needed, others := 0, 0
	for range 200 {
		h := &history{rng: rng, zones: 4 + rng.IntN(4)}
		h.Replicas = 3
		for range 12 + rng.IntN(20) {
			h.join()
		}
		h.Shards = Assign(h.Nodes, 20+rng.IntN(100), h.Replicas)
		h.join()
		for _, move := range settle(t, h.Cluster, Limits{}) {
			if needed++; move.To != h.lastID {
				others++
			}
		}
		lost := rng.IntN(len(h.Nodes))
		h.Nodes[lost].State = Dead
		for _, move := range settle(t, h.Cluster, Limits{}) {
			if needed++; move.From != h.Nodes[lost].ID {
				others++
			}
		}
	}
	t.Logf("%d of %d moves", others, needed)
	if others*20 > needed {
		t.Errorf("%d of %d moves are between others", others, needed)
	}
}
