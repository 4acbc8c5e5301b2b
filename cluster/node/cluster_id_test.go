package node

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestOtherCluster has a node of another cluster, with the same number, be at an address at which a node
// was: neither cluster takes anything from the other.
func TestOtherCluster(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.await("list with all nodes", func() error { return c.registered(3) })
	c.put("before")
	c.nodes[3].stop()
	c.nodes[3].Node = nil

	other := newTestCluster(t, 3)
	other.first[3] = c.first[3]
	other.add(3, c.first[3]).config.First = other.first
	other.startAll()
	other.await("cluster that serves", other.serves)
	other.await("list with all nodes", func() error { return other.registered(3) })
	c.await("node that is out of reach", func() error {
		if c.nodes[1].Topology().Node(3).Reachable {
			return errors.New("it is reached")
		}
		return nil
	})
	for until := time.Now().Add(5 * askEvery); time.Now().Before(until); time.Sleep(askEvery / 4) {
		c.put("there")
		other.put("here")
		for _, one := range []*testCluster{c, other} {
			for id := range cluster.NodeID(2) {
				checkAddresses(t, one.nodes[id+1], one.first)
			}
		}
		checkAddresses(t, other.nodes[3], other.first)
		if c.nodes[1].Topology().Node(3).Reachable {
			t.Fatal("a node of another cluster counts as a node")
		}
	}
}

// checkAddresses fails if a node takes others for nodes of its cluster than those that made it.
func checkAddresses(t *testing.T, n *testNode, first map[cluster.NodeID]string) {
	t.Helper()
	known := make(map[cluster.NodeID]string)
	for _, node := range n.Topology().Nodes {
		known[node.ID] = node.Peer
	}
	if !maps.Equal(known, first) {
		t.Fatalf("node %d takes %v for nodes of its cluster, and these are %v", n.config.Self.ID, known, first)
	}
}

// TestDifferentlyMade has nodes make a cluster that were not given the same.
func TestDifferentlyMade(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 3)
	c.nodes[3].config.Shards++
	ctx, cancel := context.WithTimeout(t.Context(), settled)
	defer cancel()
	failed := make(chan error, len(c.nodes))
	for _, n := range c.nodes {
		go func() { failed <- n.open(ctx) }()
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), errOtherCluster.Error()) {
		t.Errorf("nodes that were given different numbers of shards: %v", err)
	}
	cancel()
	for range len(c.nodes) - 1 {
		<-failed
	}
}

// TestClusterIDs has those be different that ought to be, and be read as they were written.
func TestClusterIDs(t *testing.T) {
	t.Parallel()
	first := map[cluster.NodeID]string{1: "a:1", 2: "b:1"}
	all := []clusterID{
		newClusterID(first, 2, ""), newClusterID(first, 3, ""), newClusterID(first, 2, "drawn"),
		newClusterID(map[cluster.NodeID]string{1: "a:1", 3: "b:1"}, 2, ""),
		newClusterID(map[cluster.NodeID]string{1: "b:1", 2: "a:1"}, 2, ""),
	}
	for i, one := range all {
		for j, other := range all {
			if err := one.check(other); (err == nil) != (i == j) {
				t.Errorf("%d and %d: %v", i, j, err)
			}
		}
		text, _ := one.MarshalText()
		var read clusterID
		if err := read.UnmarshalText(text); err != nil || read != one {
			t.Errorf("%v was read as %v, %v", one, read, err)
		}
		if one.check(0) != nil || clusterID(0).check(one) != nil {
			t.Errorf("%v does not take one without a number", one)
		}
	}
	if new(clusterID).UnmarshalText([]byte("mine")) == nil {
		t.Error("a word was taken for a number")
	}
}
