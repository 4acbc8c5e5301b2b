package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A history is a cluster to which things happen at random.
type history struct {
	Cluster
	rng    *rand.Rand
	zones  int
	lastID NodeID
}

func newHistory(rng *rand.Rand) *history {
	h := &history{rng: rng, zones: rng.IntN(7)}
	h.Replicas = 1 + 2*rng.IntN(3)
	for range 1 + rng.IntN(12) {
		h.join()
	}
	h.Shards = Assign(h.Nodes, 1+rng.IntN(80), h.Replicas)
	return h
}

func (h *history) join() {
	h.lastID++
	node := Node{ID: h.lastID, Weight: float64(h.rng.IntN(4))}
	if h.zones > 0 && h.rng.IntN(20) > 0 {
		node.Zone = fmt.Sprint(h.rng.IntN(h.zones))
	}
	h.Nodes = append(h.Nodes, node)
}

// step lets one thing happen.
func (h *history) step() {
	if len(h.Nodes) == 0 {
		h.join()
		return
	}
	i := h.rng.IntN(len(h.Nodes))
	switch h.rng.IntN(9) {
	case 0, 1, 2:
		if len(h.Nodes) < 40 {
			h.join()
		}
	case 3:
		h.Nodes[i].State = Draining
	case 4:
		h.Nodes[i].State = Dead
	case 5:
		h.Nodes[i].State = Up
	case 6:
		if h.Nodes[i].State == Dead {
			h.Nodes = slices.Delete(h.Nodes, i, i+1)
		}
	case 7:
		h.Nodes[i].Weight = float64(h.rng.IntN(4))
	case 8:
		h.Nodes[i].Away = !h.Nodes[i].Away
	}
}

// elect gives each shard without a living leader a new one.
func (h *history) elect() {
	for s := range h.Shards {
		shard := &h.Shards[s]
		if leader, _ := find(h.Cluster, shard.Leader); leader.State == Dead || !slices.Contains(shard.Replicas, shard.Leader) {
			shard.Leader = 0
			if len(shard.Replicas) > 0 {
				if node, _ := find(h.Cluster, shard.Replicas[h.rng.IntN(len(shard.Replicas))]); node.State != Dead {
					shard.Leader = node.ID
				}
			}
		}
	}
}

// Whatever happens, in whatever order, plans keep the rules, come to an end, and leave the
// cluster as the package promises. Plans are made while others are in flight, and moves end in
// any order.
func TestRandomHistories(t *testing.T) {
	histories := 300
	if testing.Short() {
		histories = 30
	}
	tryHistories(t, seeded(t), histories)
}

// TestShardTwiceInAChain: of these histories, one has a chain of moves in which a shard would be moved twice.
func TestShardTwiceInAChain(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes hundreds of histories")
	}
	tryHistories(t, rand.New(rand.NewPCG(3058646428757254705, 0)), 300)
}

func tryHistories(t *testing.T, rng *rand.Rand, histories int) {
	t.Helper()
	for range histories {
		h := newHistory(rng)
		for range 30 {
			h.step()
			h.elect()
			limits := Limits{Total: rng.IntN(12), PerNode: rng.IntN(4)}
			for range rng.IntN(6) {
				h.advance(t, limits)
			}
			if rng.IntN(3) == 0 {
				h.finish(t, limits)
			}
		}
	}
}

// advance begins what is planned, and ends some of what is in flight.
func (h *history) advance(t *testing.T, limits Limits) {
	t.Helper()
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	plan := Plan(h.Cluster, limits)
	if limits.Total == 0 || len(h.InFlight) <= limits.Total {
		checkMoves(t, h.Cluster, plan, limits)
	}
	h.InFlight = append(h.InFlight, plan...)
	shuffle(h.rng, h.InFlight)
	ended := h.rng.IntN(len(h.InFlight) + 1)
	for _, move := range h.InFlight[:ended] {
		if h.rng.IntN(8) == 0 && move.From != 0 && move.To != 0 { // left half-way
			move.From = 0
		}
		h.Apply(move)
	}
	h.InFlight = slices.Clone(h.InFlight[ended:])
	checkTransfers(t, h.Clone(), Transfers(h.Cluster, 0))
}

// finish has all nodes be back, ends all that is in flight and planned, and looks at what comes of it.
func (h *history) finish(t *testing.T, limits Limits) {
	t.Helper()
	for i := range h.Nodes {
		h.Nodes[i].Away = false
	}
	for _, move := range h.InFlight {
		h.Apply(move)
	}
	h.InFlight = nil
	settle(t, h.Cluster, limits)
	checkSettled(t, h.Cluster)
	if l := newLayout(h.Cluster); !slices.Contains(l.frozen, true) && len(l.up) >= h.Replicas {
		checkEven(t, h.Cluster)
	}
	h.elect()
	for range 100 {
		transfers := Transfers(h.Cluster, 1+h.rng.IntN(20))
		if len(transfers) == 0 {
			return
		}
		checkTransfers(t, h.Cluster, transfers)
	}
	t.Fatal("transfers have no end")
}
