package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestAllNodesReplaced has each node that made a cluster give way to another one. The list of
// nodes moves as the shards do, and those that are there at the end start again by themselves.
func TestAllNodesReplaced(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.put("before")
	for id := cluster.NodeID(1); id <= 3; id++ {
		c.join(id + 3)
		c.startAll()
		c.await("list with the new node", func() error { return c.registered(id + 3) })
		if err := c.meta().RemoveNode(t.Context(), id, false); !errors.Is(err, cluster.ErrNotNow) {
			t.Fatalf("a node with replicas was removed: %v", err)
		}
		if err := c.meta().Drain(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		c.await("node without replicas", func() error { return c.holds(id, 0) })
		if err := c.meta().RemoveNode(t.Context(), id, false); err != nil {
			t.Fatal(err)
		}
		gone := c.nodes[id]
		c.await("node that knows that it was removed", func() error {
			if self := gone.Topology().Node(id); self == nil || self.State != cluster.NodeDead {
				return fmt.Errorf("it has %+v of itself", self)
			}
			return nil
		})
		gone.stop()
		delete(c.nodes, id)
	}
	for _, n := range c.nodes {
		n.stop()
	}
	c.startAll()
	c.await("cluster that serves", c.serves)
	c.has("before")
	for id := range c.nodes {
		c.await("node that others reach", func() error { return c.registered(id) })
	}
}

// TestJoinBefore has a node that joins be started before the cluster is there, and be stopped meanwhile.
func TestJoinBefore(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 3)
	joins := c.join(4)
	ctx, cancel := context.WithTimeout(t.Context(), 3*introduceEvery)
	defer cancel()
	if err := joins.open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a node joined nobody: %v", err)
	}
	c.startAll()
	c.await("list with the new node", func() error { return c.registered(4) })
}

// TestMemoryLimit: a node does not begin with less memory than its replicas would take.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 1)
	n := c.nodes[1]
	least := uint64(testShards+1) * mantisdb.MinMemoryLimit
	n.config.MemoryLimit = least - 1
	if err := n.open(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(least>>20, " MiB at least")) {
		t.Fatalf("with too little: %v", err)
	}
	n.config.MemoryLimit = least
	c.startAll()
}

// TestDeadNodeReplaced declares a node dead that keeps the list of nodes, in a cluster with another one that
// never came.
func TestDeadNodeReplaced(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.join(4)
	c.startAll()
	c.await("list with the new node", func() error { return c.registered(4) })
	absent := porttest.Pair(t)
	if _, err := c.meta().AddNode(t.Context(), cluster.Node{Client: absent, Peer: absent}); err != nil {
		t.Fatal(err)
	}
	c.nodes[2].stop()
	delete(c.nodes, 2)
	c.await("cluster that serves", c.serves)
	if err := c.meta().RemoveNode(t.Context(), 2, true); err != nil {
		t.Fatal(err)
	}
	c.await("node without replicas", func() error { return c.holds(2, 0) })
	for _, id := range []cluster.NodeID{1, 3, 4} {
		c.await("node with replicas of all", func() error { return c.holds(id, testShards+1) })
	}
}

// holds tells if a node has another number of replicas with a vote than it should, the one of the
// list of nodes among them.
func (c *testCluster) holds(id cluster.NodeID, want int) error {
	for _, n := range c.nodes {
		if n.Node == nil {
			continue
		}
		held := 0
		topology := n.Topology()
		for _, shard := range append(slices.Clone(topology.Shards), topology.Meta) {
			if slices.Contains(shard.Replicas, id) {
				held++
			}
			if len(shard.Replicas) != Replicas {
				return fmt.Errorf("there are replicas of a shard at %v", shard.Replicas)
			}
		}
		if held != want {
			return fmt.Errorf("node %d has %d replicas, as node %d knows", id, held, n.config.Self.ID)
		}
	}
	return nil
}

// put writes a key to every shard.
func (c *testCluster) put(key string) {
	c.t.Helper()
	for shard := range testShards {
		c.await("write", func() error {
			db := c.database(shard)
			if db == nil {
				return errors.New("nobody leads the shard")
			}
			return db.Put([]byte(key), []byte("value"))
		})
	}
}

// has fails if a shard has not the key.
func (c *testCluster) has(key string) {
	c.t.Helper()
	for shard := range testShards {
		c.await("read", func() error {
			db := c.database(shard)
			if db == nil {
				return errors.New("nobody leads the shard")
			}
			_, err := db.Get([]byte(key))
			if errors.Is(err, mantisdb.ErrNotFound) {
				c.t.Fatalf("shard %d has lost %s", shard, key)
			}
			return err
		})
	}
}

// TestReplacedAtItsAddress has a node die, and another one with a number of its own be started at its address, as
// a machine that was set up anew: it gets the replicas of the dead one, though the groups know them by that
// address.
func TestReplacedAtItsAddress(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	c.put("before")
	peer := c.first[3]
	c.nodes[3].stop()
	delete(c.nodes, 3)
	c.await("cluster that serves", c.serves)
	if err := c.meta().RemoveNode(t.Context(), 3, true); err != nil {
		t.Fatal(err)
	}
	c.add(4, peer).config.Join = []string{c.first[1], c.first[2]}
	c.startAll()
	c.await("node with all replicas", func() error { return c.holds(4, testShards+1) })
	c.has("before")
}
