package placement

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// newNodes are count nodes of IDs from 1, dealt out to zones in turn; with 0 zones to none.
func newNodes(count, zones int) []Node {
	nodes := make([]Node, count)
	for i := range nodes {
		nodes[i].ID = NodeID(i + 1)
		if zones > 0 {
			nodes[i].Zone = fmt.Sprint("zone", i%zones)
		}
	}
	return nodes
}

func newCluster(nodes []Node, shards int) Cluster {
	return Cluster{Nodes: nodes, Shards: Assign(nodes, shards, 3), Replicas: 3}
}

// settle carries plans out until nothing is left to do, and returns all moves.
func settle(t *testing.T, c Cluster, limits Limits) (moves []Move) {
	t.Helper()
	for range 10_000 {
		plan := Plan(c, limits)
		if len(plan) == 0 {
			return moves
		}
		checkMoves(t, c, plan, limits)
		for _, move := range plan {
			c.Apply(move)
		}
		moves = append(moves, plan...)
	}
	t.Fatalf("plans have no end: the last is %v", Plan(c, limits))
	return nil
}

// checkMoves holds a plan to what may be asked of it without knowing what it is for.
func checkMoves(t *testing.T, c Cluster, plan []Move, limits Limits) {
	t.Helper()
	if limits.Total > 0 && len(plan)+len(c.InFlight) > limits.Total {
		t.Fatalf("%d moves beside %d in flight, with limit %d", len(plan), len(c.InFlight), limits.Total)
	}
	calm := !slices.ContainsFunc(c.Nodes, func(n Node) bool { return n.Away && n.State == Up })
	seen := make(map[int]bool)
	for _, move := range c.InFlight {
		seen[move.Shard] = true
	}
	for _, move := range plan {
		replicas := c.Shards[move.Shard].Replicas
		to, member := find(c, move.To)
		switch {
		case seen[move.Shard]:
			t.Fatalf("shard %d has two moves", move.Shard)
		case move.From == 0 && move.To == 0:
			t.Fatalf("%v moves nothing", move)
		case move.From != 0 && !slices.Contains(replicas, move.From):
			t.Fatalf("%v is not from one of %v", move, replicas)
		case move.To != 0 && (!member || to.State != Up || to.Away || slices.Contains(replicas, move.To)):
			t.Fatalf("%v goes to a node that must not take it: %+v, holding %v", move, to, replicas)
		case move.From != 0 && move.To != 0 && !calm && isUp(c, move.From):
			t.Fatalf("%v is for balance, and a node is away", move)
		case c.Shards[move.Shard].Stuck:
			t.Fatalf("%v of a shard that is stuck", move)
		case move.From == 0 && len(replicas) >= c.Replicas:
			t.Fatalf("%v adds to %v", move, replicas)
		case move.To == 0 && len(replicas) <= c.Replicas:
			t.Fatalf("%v takes away from %v", move, replicas)
		}
		seen[move.Shard] = true
	}
}

func isUp(c Cluster, id NodeID) bool {
	node, _ := find(c, id)
	return node.State == Up
}

func find(c Cluster, id NodeID) (Node, bool) {
	for _, node := range c.Nodes {
		if node.ID == id {
			return node, true
		}
	}
	return Node{State: Dead}, false
}

// checkSettled holds a cluster at rest to all that the package promises of one.
func checkSettled(t *testing.T, c Cluster) {
	t.Helper()
	l := newLayout(c)
	for s, shard := range c.Shards {
		if l.frozen[s] {
			continue
		}
		if len(shard.Replicas) != l.want && len(l.up) >= c.Replicas {
			t.Fatalf("shard %d has replicas on %v, and %d nodes are up", s, shard.Replicas, len(l.up))
		}
		for _, id := range shard.Replicas {
			node, _ := find(c, id)
			if node.State != Up && len(l.up) >= c.Replicas {
				t.Fatalf("shard %d has a replica on %d, which is in state %d", s, id, node.State)
			}
			if crowd := l.crowd(s, l.zone[l.find(id)]); crowd > l.perZone {
				t.Fatalf("shard %d has %d replicas in zone %q, which may have %d", s, crowd, node.Zone, l.perZone)
			}
		}
	}
}

// checkEven holds each node to its share, rounded up or down.
func checkEven(t *testing.T, c Cluster) {
	t.Helper()
	l := newLayout(c)
	for _, node := range l.up {
		if excess := l.excess(node); excess >= 1 || excess <= -1 {
			t.Fatalf("node %d holds %d replicas, its share is %.2f", l.ids[node], len(l.held[node]), l.share[node])
		}
	}
}

// loads are how many replicas each node has.
func loads(c Cluster) map[NodeID]int {
	count := make(map[NodeID]int)
	for _, shard := range c.Shards {
		for _, id := range shard.Replicas {
			count[id]++
		}
	}
	return count
}

// seeded is a generator whose seed a failing test prints; PLACEMENT_SEED repeats it.
func seeded(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	if text := os.Getenv("PLACEMENT_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PLACEMENT_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestValidate(t *testing.T) {
	good := newCluster(newNodes(4, 0), 4)
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Cluster){
		"replicas a shard": func(c *Cluster) { c.Replicas = 0 },
		"the ID 0":         func(c *Cluster) { c.Nodes[0].ID = 0 },
		"listed twice":     func(c *Cluster) { c.Nodes[0].ID = 2 },
		"the weight":       func(c *Cluster) { c.Nodes[0].Weight = -1 },
		"must be distinct": func(c *Cluster) { c.Shards[3].Replicas[0] = c.Shards[3].Replicas[1] },
		"a move of shard":  func(c *Cluster) { c.InFlight = []Move{{4, 1, 2}} },
	} {
		c := good.Clone()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestApply(t *testing.T) {
	c := Cluster{Shards: []Shard{{Replicas: []NodeID{1, 2, 3}, Leader: 2}}}
	for _, step := range []struct {
		move Move
		want Shard
	}{
		{Move{0, 1, 4}, Shard{Replicas: []NodeID{2, 3, 4}, Leader: 2}},
		{Move{0, 0, 5}, Shard{Replicas: []NodeID{2, 3, 4, 5}, Leader: 2}},
		{Move{0, 2, 0}, Shard{Replicas: []NodeID{3, 4, 5}, Leader: 0}},
		{Move{0, 9, 5}, Shard{Replicas: []NodeID{3, 4, 5}, Leader: 0}}, // done already
	} {
		c.Apply(step.move)
		if got := c.Shards[0]; !slices.Equal(got.Replicas, step.want.Replicas) || got.Leader != step.want.Leader {
			t.Fatalf("after %v: %v, not %v", step.move, got, step.want)
		}
	}
}
