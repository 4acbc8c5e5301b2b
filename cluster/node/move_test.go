package node

import (
	"errors"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestMoveKeepsReplicas asks each node for moves that would leave a shard with a replica less, of a cluster
// that is whole and of one that has lost a node: none is done.
func TestMoveKeepsReplicas(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	refused := func(from, to cluster.NodeID) {
		t.Helper()
		for id, n := range c.nodes {
			if n.Node == nil {
				continue
			}
			if err := n.Move(t.Context(), 0, from, to); !errors.Is(err, cluster.ErrNotNow) {
				t.Errorf("node %d was asked for a move from node %d to node %d: %v", id, from, to, err)
			}
			m, err := n.group(groupOf(0)).agreed.Membership(t.Context())
			if err != nil || len(m.Voting) != 3 {
				t.Fatalf("after it the shard's replicas are %v, %v", m.Voting, err)
			}
		}
	}
	refused(1, 1)
	refused(1, 2)
	c.nodes[3].stop()
	c.nodes[3].Node = nil
	c.await("cluster that serves", c.serves)
	refused(1, 1)
	refused(1, 0)
	refused(2, 0)
	c.put("after")
}

// TestMoveToSilentNode waits for a replica at a node that does not answer: that ends, so that other moves
// can follow.
func TestMoveToSilentNode(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	n := c.leads(groupOf(0))
	begun := time.Now()
	err := n.catchUp(t.Context(), n.group(groupOf(0)), freeAddress(t), almost)
	if took := time.Since(begun); !errors.Is(err, cluster.ErrNotNow) || took > 2*goneAfter {
		t.Errorf("after %v: %v", took, err)
	}
}

// TestLostShardHoldsNothingUp has a shard be without a leader: as long as it may elect one, nothing is moved.
func TestLostShardHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state    cluster.NodeState // of node 3
		replicas []cluster.NodeID  // of the shard that nobody leads
		complete bool
	}{
		{cluster.NodeUp, []cluster.NodeID{1, 2, 3}, false},
		{cluster.NodeDead, []cluster.NodeID{1, 2, 3}, false},
		{cluster.NodeDead, []cluster.NodeID{1, 3}, true},
		{cluster.NodeDead, []cluster.NodeID{1, 3, 7}, true},
		{cluster.NodeDead, nil, false},
	} {
		n := new(Node)
		n.layout.Store(&cluster.Topology{
			Nodes: []cluster.Node{
				{ID: 1, State: cluster.NodeUp, Reachable: true}, {ID: 2, State: cluster.NodeUp, Reachable: true},
				{ID: 3, State: test.state, Reachable: test.state == cluster.NodeUp},
			},
			Shards: []cluster.Shard{{Leader: 1, Replicas: []cluster.NodeID{1, 2, 3}}, {Replicas: test.replicas}},
		})
		if _, complete := n.placed(); complete != test.complete {
			t.Errorf("with node 3 %s and replicas at %v: complete is %v", test.state, test.replicas, complete)
		}
	}
}
