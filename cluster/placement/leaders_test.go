package placement

import (
	"slices"
	"testing"
)

// leaders are how many shards each node leads.
func leaders(c Cluster) map[NodeID]int {
	count := make(map[NodeID]int)
	for _, shard := range c.Shards {
		count[shard.Leader]++
	}
	return count
}

// checkTransfers holds transfers to what may be asked of any, and carries them out.
func checkTransfers(t *testing.T, c Cluster, transfers []Transfer) {
	t.Helper()
	for _, transfer := range transfers {
		shard := &c.Shards[transfer.Shard]
		if to, _ := find(c, transfer.To); to.State != Up || to.Away || shard.Leader != transfer.From ||
			transfer.From == transfer.To || !slices.Contains(shard.Replicas, transfer.To) {
			t.Fatalf("%v of %v, to %+v", transfer, *shard, to)
		}
		shard.Leader = transfer.To
	}
}

// After a node was away, others lead what it led; transfers give it its share back.
func TestLeadersAreEvenedOut(t *testing.T) {
	eachSize(t, func(t *testing.T, c Cluster) {
		if len(c.Nodes) < 3 {
			t.Skip("no majority without the one that is away")
		}
		moved := 0
		for s := range c.Shards {
			if shard := &c.Shards[s]; shard.Leader == 1 {
				shard.Leader = shard.Replicas[slices.IndexFunc(shard.Replicas, func(id NodeID) bool { return id != 1 })]
				moved++
			}
		}
		transfers := Transfers(c, 0)
		checkTransfers(t, c, transfers)
		l := newLeads(c)
		for _, node := range l.up {
			if excess := l.excess(node); excess >= 1 || excess <= -1 {
				t.Errorf("node %d leads %d shards of %.2f", l.ids[node], len(l.led[node]), l.fair[node])
			}
		}
		if len(transfers) > 2*moved {
			t.Errorf("%d transfers to undo %d", len(transfers), moved)
		}
		if again := Transfers(c, 0); len(again) != 0 {
			t.Errorf("and then %v", again)
		}
	})
}

// All leads on one node is the worst that can be; each transfer mends one.
func TestLeadersFromOneNode(t *testing.T) {
	c := newCluster(newNodes(3, 0), 30)
	for s := range c.Shards {
		c.Shards[s].Leader = 2
	}
	if some := Transfers(c, 4); len(some) != 4 {
		t.Errorf("%d transfers of 4", len(some))
	}
	transfers := Transfers(c, 0)
	checkTransfers(t, c, transfers)
	if count := leaders(c); len(transfers) != 20 || count[1] != 10 || count[2] != 10 || count[3] != 10 {
		t.Errorf("%v after %d transfers", count, len(transfers))
	}
}

func TestDrainingNodeHandsLeadsOn(t *testing.T) {
	c := newCluster(newNodes(10, 0), 64)
	c.Nodes[3].State = Draining
	inFlight := slices.IndexFunc(c.Shards, func(s Shard) bool { return s.Leader == 4 })
	c.InFlight = []Move{{inFlight, 4, 0}}
	before := leaders(c)[4]
	transfers := Transfers(c, 0)
	for i, transfer := range transfers {
		if transfer.Shard == inFlight {
			t.Errorf("%v while a move is in flight", transfer)
		}
		if i < before-1 && transfer.From != 4 {
			t.Errorf("%v comes before the draining node's", transfer)
		}
	}
	checkTransfers(t, c, transfers)
	if left := leaders(c)[4]; left != 1 {
		t.Errorf("the draining node leads %d shards", left)
	}
}

// Whoever is dead or not known leads nothing that could be handed on.
func TestNoTransferWithoutLeader(t *testing.T) {
	c := newCluster(newNodes(4, 0), 8)
	for s := range c.Shards {
		c.Shards[s].Leader = 0
	}
	c.Nodes[0].State = Dead
	c.Shards[0] = Shard{Replicas: []NodeID{1, 2, 3}, Leader: 1}
	if transfers := Transfers(c, 0); len(transfers) != 0 {
		t.Errorf("%v", transfers)
	}
}
