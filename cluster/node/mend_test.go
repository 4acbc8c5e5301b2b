package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestRemovedWhileAway removes replicas of a node that is away: when it is back, nothing is left
// of them, neither data nor log.
func TestRemovedWhileAway(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	away := c.nodes[3]
	gone := []hostedReplica{{Group: metaGroup, Number: replicaOf(3, 0)}, {Group: groupOf(0), Number: replicaOf(3, 0)}}
	away.stop()
	c.await("cluster that serves", c.serves)
	for _, h := range gone {
		c.await("removal", func() error {
			leader := c.leads(h.Group)
			if leader == nil {
				return fmt.Errorf("nobody leads group %d", h.Group)
			}
			return leader.move(t.Context(), leader.group(h.Group), move{From: 3})
		})
	}
	c.startAll()
	for _, h := range gone {
		c.await("tidy node", func() error { return away.has(h) })
	}
	if err := away.has(hostedReplica{Group: groupOf(1), Number: replicaOf(3, 0)}); err == nil {
		t.Error("a replica was dropped that was not removed")
	}
}

// has tells what there is of a replica.
func (n *testNode) has(h hostedReplica) error {
	n.moving.Lock()
	defer n.moving.Unlock()
	if now := n.hostedIn(h.Group); now != nil && now.Number == h.Number {
		return fmt.Errorf("replica %d of group %d is there", h.Number, h.Group)
	}
	if slices.Contains(n.host.Logs()[h.Group], h.Number) {
		return fmt.Errorf("the log of replica %d of group %d is there", h.Number, h.Group)
	}
	_, err := os.Stat(n.replicaDir(h.Group, h.Number))
	if err == nil {
		return fmt.Errorf("the directory of replica %d of group %d is there", h.Number, h.Group)
	}
	return nil
}

// leads is the node that leads a group, nil if none is known.
func (c *testCluster) leads(group uint64) *testNode {
	for _, n := range c.nodes {
		if n.Node == nil {
			continue
		}
		if g := n.group(group); g != nil && g.agreed.Leader() == g.agreed.Replica() {
			return n
		}
	}
	return nil
}

// group is a group that has a replica at the node which runs.
func (n *testNode) group(number uint64) *group {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.groups[number]
}

// TestBrokenOffDrop has a node end between forgetting a replica and removing what it had.
func TestBrokenOffDrop(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 1)
	n := c.nodes[1]
	n.moving.Lock()
	gone := *n.hostedIn(groupOf(1))
	n.moving.Unlock()
	n.stop()
	var kept hosted
	if _, err := readFile(filepath.Join(n.config.Dir, hostedFile), &kept); err != nil {
		t.Fatal(err)
	}
	kept.Replicas = slices.DeleteFunc(kept.Replicas, func(h hostedReplica) bool { return h.Group == gone.Group })
	if err := writeFile(filepath.Join(n.config.Dir, hostedFile), kept); err != nil {
		t.Fatal(err)
	}
	c.startAll()
	if err := n.has(gone); err != nil {
		t.Error(err)
	}
	if err := n.has(kept.Replicas[0]); err == nil {
		t.Error("a replica was removed that the node has")
	}
}

// TestFailedReplica has a replica that cannot be opened: its node does all else, tells so, and
// opens it once it can be.
func TestFailedReplica(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	n := c.nodes[2]
	dir := filepath.Join(n.replicaDir(groupOf(0), replicaOf(2, 0)), "data")
	n.stop()
	if err := os.Rename(dir, dir+"-aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.startAll()
	fails := func(want bool) func() error {
		return func() error {
			for _, n := range c.nodes {
				t := n.Topology()
				if got := slices.Equal(t.Shards[0].Failed, []cluster.NodeID{2}); got != want || len(t.Shards[1].Failed)+len(t.Meta.Failed) > 0 {
					return fmt.Errorf("node %d: %+v", n.config.Self.ID, t)
				}
			}
			return nil
		}
	}
	c.await("replica that failed", fails(true))
	c.put("meanwhile")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+"-aside", dir); err != nil {
		t.Fatal(err)
	}
	c.await("replica that runs", fails(false))
	c.await("replica that has all", func() error {
		want := c.leads(groupOf(0)).Status().in(groupOf(0)).Applied
		if got := n.Status().in(groupOf(0)); got == nil || got.Applied < want {
			return fmt.Errorf("%+v, and %d is to be applied", got, want)
		}
		return nil
	})
}

// TestLeftover breaks a move off after a replica was added: it is removed after a while, and one
// that a move claims is not.
func TestLeftover(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 1)
	n := c.nodes[1]
	add := func(node cluster.NodeID, group uint64) {
		m, err := n.group(group).agreed.Membership(t.Context())
		if err == nil {
			err = n.group(group).agreed.Add(t.Context(), nextReplica(m, node), porttest.Pair(t), m.Version)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	release, err := n.take(claim{groupOf(0), 9})
	if err != nil {
		t.Fatal(err)
	}
	add(9, groupOf(0))
	add(8, groupOf(1))
	left := func(group uint64, want int) error {
		ctx, cancel := context.WithTimeout(t.Context(), askWithin)
		defer cancel()
		m, err := n.group(group).agreed.Membership(ctx)
		if err == nil && len(m.NonVoting) != want {
			err = fmt.Errorf("%d replicas without a vote", len(m.NonVoting))
		}
		return err
	}
	c.await("group without what was left", func() error { return left(groupOf(1), 0) })
	if err := left(groupOf(0), 1); err != nil {
		t.Errorf("a replica was removed that a move adds: %v", err)
	}
	if _, err := n.take(claim{groupOf(0), 9}); err == nil {
		t.Error("two moves add one replica")
	}
	release()
	c.await("group without what was left", func() error { return left(groupOf(0), 0) })
}
