package node

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestLiveNodeIsNotRemovedAsDead has each node asked to remove as dead each one, itself among them, and one
// that has ended since: that knows so when it comes back.
func TestLiveNodeIsNotRemovedAsDead(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.await("cluster that can be changed at each node", c.isChangeable)
	for at, n := range c.nodes {
		for id := range c.nodes {
			if err := n.RemoveNode(t.Context(), id, true); !errors.Is(err, cluster.ErrNotNow) || !strings.Contains(err.Error(), "as it answers") {
				t.Errorf("node %d was asked to remove node %d, which lives: %v", at, id, err)
			}
		}
	}
	meta := c.meta()
	dead := cluster.NodeID(1)
	if meta.config.Self.ID == dead {
		dead = 2
	}
	c.nodes[dead].stop()
	if err := meta.RemoveNode(t.Context(), dead, true); err != nil {
		t.Errorf("a node that has just ended: %v", err)
	}
	back := c.nodes[dead]
	if err := back.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.await("node that knows that it was declared dead", func() error {
		if self := back.Topology().Node(dead); self == nil || self.State != cluster.NodeDead {
			return fmt.Errorf("it has %+v of itself", self)
		}
		return nil
	})
}

// TestInvalidNewNode has each node asked to add nodes that cannot be reached as they are told, or are there.
func TestInvalidNewNode(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 2)
	c.await("cluster that can be changed at each node", c.isChangeable)
	good := porttest.Pair(t)
	for _, test := range []struct {
		node cluster.Node
		want string
	}{
		{cluster.Node{Client: "there", Peer: good, Raft: good}, `the address "there" is not host:port`},
		{cluster.Node{Client: good, Peer: ":7000", Raft: good}, `the address ":7000" is not host:port`},
		{cluster.Node{Client: good, Peer: good, Raft: "there:"}, `the address "there:" is not host:port with a port between 1 and 65535`},
		{cluster.Node{Client: "there:70000", Peer: good, Raft: good}, `the address "there:70000" is not host:port with a port between 1 and 65535`},
		{cluster.Node{Client: good, Peer: c.nodes[1].config.Self.Peer, Raft: good}, "its peer address is that of node 1"},
	} {
		for at, n := range c.nodes {
			_, err := n.AddNode(t.Context(), test.node)
			if !errors.Is(err, cluster.ErrInvalidNode) || !strings.Contains(err.Error(), test.want) ||
				strings.Count(err.Error(), cluster.ErrInvalidNode.Error()) != 1 {
				t.Errorf("node %d was asked to add %+v: %v, want %s", at, test.node, err, test.want)
			}
		}
	}
}

// TestListThatNobodyKeeps asks the one node that is left of three to change the list.
func TestListThatNobodyKeeps(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.await("cluster that can be changed at each node", c.isChangeable)
	left := c.nodes[1]
	c.nodes[2].stop()
	c.nodes[3].stop()
	c.await("node that knows", func() error {
		if left.meta.Load() != nil || left.metaPeer() != "" {
			return errors.New("somebody keeps the list")
		}
		return nil
	})
	if err := left.Drain(t.Context(), 2); !errors.Is(err, cluster.ErrNoList) {
		t.Errorf("%v", err)
	}
}

// isChangeable tells which node does not know who keeps the list of nodes.
func (c *testCluster) isChangeable() error {
	for id, n := range c.nodes {
		if n.meta.Load() == nil && n.metaPeer() == "" {
			return fmt.Errorf("node %d does not know who keeps the list", id)
		}
	}
	return nil
}
