package placement

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sizes are clusters that differ in what binds: nothing, zones, few nodes, few shards.
var sizes = []struct{ nodes, zones, shards int }{
	{1, 0, 16}, {2, 0, 16}, {3, 0, 16}, {4, 0, 16}, {5, 0, 16}, {7, 0, 16}, {6, 3, 16}, {7, 3, 16},
	{6, 2, 16}, {10, 0, 16}, {20, 5, 16}, {40, 4, 16}, {9, 3, 128}, {50, 10, 512}, {100, 0, 1024}, {200, 20, 1024},
}

// eachSize runs a test on an even cluster of each size.
func eachSize(t *testing.T, test func(t *testing.T, c Cluster)) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%d nodes in %d zones, %d shards", size.nodes, size.zones, size.shards), func(t *testing.T) {
			test(t, newCluster(newNodes(size.nodes, size.zones), size.shards))
		})
	}
}

func TestAssign(t *testing.T) {
	eachSize(t, func(t *testing.T, c Cluster) {
		checkSettled(t, c)
		checkEven(t, c)
		if plan := Plan(c, Limits{}); len(plan) != 0 {
			t.Errorf("what was just assigned is to move: %v", plan)
		}
		if transfers := Transfers(c, 0); len(transfers) != 0 {
			t.Errorf("leaders that were just named are to change: %v", transfers)
		}
	})
}

// A node that joins takes its share, and only it takes anything.
func TestJoin(t *testing.T) {
	eachSize(t, func(t *testing.T, c Cluster) {
		joined := NodeID(len(c.Nodes) + 1)
		zone := c.Nodes[len(c.Nodes)/2].Zone
		c.Nodes = append(c.Nodes, Node{ID: joined, Zone: zone})
		moves := settle(t, c, Limits{})
		for _, move := range moves {
			if move.To != joined {
				t.Errorf("%v is not to the node that joined", move)
			}
		}
		if share := newLayout(c).share; float64(len(moves)) >= share[len(share)-1]+1 {
			t.Errorf("%d moves, the share is %.2f", len(moves), share[len(share)-1])
		}
		checkSettled(t, c)
		checkEven(t, c)
	})
}

// What was on a node that dies or drains moves, once, and nothing else does.
func TestLoss(t *testing.T) {
	for _, state := range []State{Dead, Draining} {
		eachSize(t, func(t *testing.T, c Cluster) {
			if len(c.Nodes) < 4 {
				t.Skip("nobody could take what is lost")
			}
			for i := range c.Nodes {
				c := c.Clone()
				c.Nodes[i].State = state
				lost := loads(c)[c.Nodes[i].ID]
				moves := settle(t, c, Limits{})
				for _, move := range moves {
					if move.From != c.Nodes[i].ID {
						t.Errorf("node %d is lost, and %v moves", c.Nodes[i].ID, move)
					}
				}
				if len(moves) != lost {
					t.Errorf("%d moves for %d replicas", len(moves), lost)
				}
				checkSettled(t, c)
			}
		})
	}
}

// A node that is away for a while keeps what it has, and gets nothing; what another one has lost is made
// anew all the same, but for shards that are stuck.
func TestAway(t *testing.T) {
	eachSize(t, func(t *testing.T, c Cluster) {
		if len(c.Nodes) < 5 {
			t.Skip("nobody could take what is lost")
		}
		c.Nodes[0].Away = true
		c.Nodes = append(c.Nodes, Node{ID: NodeID(len(c.Nodes) + 1)})
		if plan, transfers := Plan(c, Limits{}), Transfers(c, 0); len(plan)+len(transfers) != 0 {
			t.Fatalf("%v and %v, for balance", plan, transfers)
		}
		c.Nodes[1].State = Dead
		lost := loads(c)[2]
		for s := range c.Shards {
			if slices.Contains(c.Shards[s].Replicas, 2) {
				c.Shards[s].Stuck = true
				break
			}
		}
		moves := settle(t, c, Limits{})
		for _, move := range moves {
			if move.From != 2 {
				t.Errorf("node 2 is lost, and %v moves", move)
			}
		}
		if len(moves) != lost-1 {
			t.Errorf("%d moves for %d replicas, of which one is stuck", len(moves), lost)
		}
	})
}

// A node that has handed on all it had may be stopped before it is removed: that holds up no balance.
func TestDrainedAway(t *testing.T) {
	c := Cluster{Replicas: 3, Nodes: []Node{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4, State: Draining, Away: true}, {ID: 5}}}
	for range 8 {
		c.Shards = append(c.Shards, Shard{Replicas: []NodeID{1, 2, 3}, Leader: 1})
	}
	if len(Plan(c, Limits{})) == 0 {
		t.Error("a new node gets nothing")
	}
	if len(Transfers(c, 0)) == 0 {
		t.Error("one node leads everything")
	}
}

// Weights and zones give shares; this is the arithmetic by hand.
func TestShares(t *testing.T) {
	for _, test := range []struct {
		name    string
		weights []float64
		zones   []string
		want    []float64 // of 72 replicas of 24 shards
	}{
		{"even", []float64{0, 1, 1, 1, 1, 1}, make([]string, 6), []float64{12, 12, 12, 12, 12, 12}},
		{"by weight", []float64{1, 1, 1, 1, 2, 3}, make([]string, 6), []float64{8, 8, 8, 8, 16, 24}},
		{"a node holds a shard once", []float64{1, 1, 1, 1, 1, 9}, make([]string, 6), []float64{9.6, 9.6, 9.6, 9.6, 9.6, 24}},
		{"a zone holds a shard once", []float64{1, 1, 1, 1, 1}, []string{"a", "a", "a", "b", "c"}, []float64{8, 8, 8, 24, 24}},
		{"two zones hold three", []float64{1, 1, 1, 1}, []string{"a", "b", "b", "b"}, []float64{24, 16, 16, 16}},
		{"fewer nodes than replicas", []float64{1, 5}, make([]string, 2), []float64{24, 24}},
	} {
		nodes := newNodes(len(test.weights), 0)
		for i := range nodes {
			nodes[i].Weight, nodes[i].Zone = test.weights[i], test.zones[i]
		}
		c := newCluster(nodes, 24)
		for i, share := range newLayout(c).share {
			if math.Abs(share-test.want[i]) > slack {
				t.Errorf("%s: node %d has the share %v, not %v", test.name, i+1, share, test.want[i])
			}
		}
		checkSettled(t, c)
		checkEven(t, c)
	}
}

func TestPlanOrder(t *testing.T) {
	c := newCluster(newNodes(9, 0), 24)
	c.Nodes[0].State = Draining
	c.Nodes[1].State = Dead
	plan := Plan(c, Limits{})
	lastDead := slices.IndexFunc(plan, func(m Move) bool { return m.From == 1 })
	if lastDead <= 0 || slices.ContainsFunc(plan[lastDead:], func(m Move) bool { return m.From == 2 }) {
		t.Errorf("not what is lost first: %v", plan)
	}
	// Evening out waits for what is lost.
	c.Nodes = append(c.Nodes, Node{ID: 10})
	for _, move := range Plan(c, Limits{}) {
		if move.From != 1 && move.From != 2 {
			t.Errorf("%v while replicas are missing", move)
		}
	}
	// A shard that misses two comes before those that miss one.
	c = newCluster(newNodes(9, 0), 24)
	c.Shards[20].Replicas = c.Shards[20].Replicas[:1]
	c.Nodes[1].State = Dead
	if plan := Plan(c, Limits{}); plan[0].Shard != 20 {
		t.Errorf("%v comes before shard 20, which has one replica left", plan[0])
	}
}

// A node that joins is given replicas that do not lead.
func TestLeadersStay(t *testing.T) {
	c := newCluster(newNodes(10, 0), 128)
	c.Nodes = append(c.Nodes, Node{ID: 11})
	for _, move := range settle(t, c, Limits{}) {
		if shard := c.Shards[move.Shard]; shard.Leader == 0 {
			t.Errorf("%v moved the leader", move)
		}
	}
}

// Moves that were left half-way are ended: a replica too many goes, the dead one first.
func TestTrim(t *testing.T) {
	c := newCluster(newNodes(6, 0), 16)
	c.Nodes[3].State = Dead
	c.Shards[5] = Shard{Replicas: []NodeID{1, 2, 4, 5}, Leader: 1}
	c.Shards[6] = Shard{Replicas: []NodeID{1, 2, 3, 5}, Leader: 1}
	plan := Plan(c, Limits{})
	if !slices.Contains(plan, Move{5, 4, 0}) {
		t.Errorf("the dead replica of four is not removed: %v", plan)
	}
	for _, move := range plan {
		if move.Shard == 6 && (move.To != 0 || move.From == 1) {
			t.Errorf("%v: of four replicas, one goes that does not lead", move)
		}
	}
}

// A shard without a majority cannot agree on anything.
func TestLostMajorityIsLeftAlone(t *testing.T) {
	c := newCluster(newNodes(8, 0), 32)
	c.Nodes[0].State, c.Nodes[1].State = Dead, Dead
	stuck := 0
	settle(t, c, Limits{})
	for s, shard := range c.Shards {
		if slices.Contains(shard.Replicas, 1) && slices.Contains(shard.Replicas, 2) {
			stuck++
			continue
		}
		if slices.Contains(shard.Replicas, 1) || slices.Contains(shard.Replicas, 2) {
			t.Errorf("shard %d stays on %v", s, shard.Replicas)
		}
	}
	if stuck == 0 {
		t.Error("no shard had lost its majority: the test shows nothing")
	}
}

// A removed node, which nobody lists, is as a dead one.
func TestRemovedNode(t *testing.T) {
	c := newCluster(newNodes(5, 0), 16)
	dead := c.Clone()
	dead.Nodes[2].State = Dead
	c.Nodes = slices.Delete(c.Nodes, 2, 3)
	if got, want := Plan(c, Limits{}), Plan(dead, Limits{}); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// What is in flight counts as done: nothing is planned twice, and plans with it are the rest of
// the plan without it.
func TestInFlight(t *testing.T) {
	c := newCluster(newNodes(12, 0), 64)
	c.Nodes[4].State = Dead
	whole := Plan(c, Limits{})
	c.InFlight = whole[:7]
	rest := Plan(c, Limits{})
	checkMoves(t, c, rest, Limits{})
	if len(rest) != len(whole)-7 {
		t.Errorf("%d moves after 7 of %d", len(rest), len(whole))
	}
	limits := Limits{Total: 9}
	if plan := Plan(c, limits); len(plan) != 2 {
		t.Errorf("%d moves beside 7, with limit 9", len(plan))
	}
}

func TestLimitsPerNode(t *testing.T) {
	c := newCluster(newNodes(12, 0), 64)
	c.Nodes = append(c.Nodes, Node{ID: 13})
	if plan := Plan(c, Limits{PerNode: 3}); len(plan) != 3 {
		t.Errorf("%d moves to one node, with limit 3", len(plan))
	}
	c.Nodes = c.Nodes[:12]
	c.Nodes[5].State = Draining
	sends := make(map[NodeID]int)
	plan := Plan(c, Limits{PerNode: 1})
	for _, move := range plan {
		if sends[c.Shards[move.Shard].Leader]++; sends[c.Shards[move.Shard].Leader] > 1 {
			t.Errorf("node %d sends twice", c.Shards[move.Shard].Leader)
		}
	}
	if len(plan) < 3 {
		t.Errorf("%v: moves that must wait hold up others", plan)
	}
}

// The plan hangs on what is in the lists and not on their order.
func TestPlanIsDeterministic(t *testing.T) {
	rng := seeded(t)
	joined := newCluster(newNodes(30, 5), 128)
	joined.Nodes = append(joined.Nodes, Node{ID: 99, Zone: "zone1"}, Node{ID: 98, Zone: "zone2"})
	lost := joined.Clone()
	lost.Nodes[3].State = Dead
	lost.Nodes[7].State = Draining
	for _, c := range []Cluster{joined, lost} {
		plan, transfers := Plan(c, Limits{Total: 12}), Transfers(c, 0)
		for range 20 {
			shuffle(rng, c.Nodes)
			for _, shard := range c.Shards {
				shuffle(rng, shard.Replicas)
			}
			if again := Plan(c, Limits{Total: 12}); !slices.Equal(plan, again) {
				t.Fatalf("%v, and then %v", plan, again)
			}
			if again := Transfers(c, 0); !slices.Equal(transfers, again) {
				t.Fatalf("%v, and then %v", transfers, again)
			}
		}
	}
}

func shuffle[T any](rng *rand.Rand, list []T) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
