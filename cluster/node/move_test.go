package node

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/porttest"
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
	for id, n := range c.nodes {
		if err := n.Move(t.Context(), 0, 9, 1); !errors.Is(err, cluster.ErrNoNode) {
			t.Errorf("node %d was asked for a move from a node that is not there: %v", id, err)
		}
	}
	leader := c.leads(groupOf(0))
	if err := leader.mayMove(t.Context(), leader.group(groupOf(0)), move{From: 4, To: 5}); !errors.Is(err, cluster.ErrNotNow) {
		t.Errorf("a move from a node without a replica: %v", err)
	}
	if err := leader.mayMove(t.Context(), leader.group(groupOf(0)), move{From: 4, To: 1}); err != nil {
		t.Errorf("a move that was done before: %v", err)
	}
	c.nodes[3].stop()
	c.nodes[3].Node = nil
	c.await("cluster that serves", c.serves)
	refused(1, 1)
	refused(1, 0)
	refused(2, 0)
	c.put("after")
}

// TestBrokenOffDrainIsEnded has a node of two be drained, and the other one have each replica already, as where a
// move broke off before the last step: nobody else is there, so the administrator ends it.
func TestBrokenOffDrainIsEnded(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 2)
	if err := c.meta().Drain(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	n := c.nodes[1]
	c.await("node that is known to drain", func() error {
		if !n.isDraining(2) {
			return errors.New("it is not")
		}
		return nil
	})
	c.await("shard with one replica", func() error { return n.Move(t.Context(), 0, 2, 1) })
	m, err := c.leads(groupOf(0)).group(groupOf(0)).agreed.Membership(t.Context())
	if err != nil || len(m.Voting) != 1 {
		t.Errorf("the shard's replicas are %v, %v", m.Voting, err)
	}
}

// TestMoveToFailedReplica waits for a replica that does not run: that ends as with a silent node.
func TestMoveToFailedReplica(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	fails := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(Status{Cluster: c.nodes[1].peers.cluster, Shards: []ShardStatus{{Shard: 0, Failure: "no space is left"}}})
	}))
	defer fails.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*goneAfter)
	defer cancel()
	n := c.leads(groupOf(0))
	err := n.catchUp(ctx, n.group(groupOf(0)), strings.TrimPrefix(fails.URL, plain), almost)
	if !errors.Is(err, cluster.ErrNotNow) || !strings.Contains(err.Error(), "no space is left") {
		t.Errorf("a replica that does not run: %v", err)
	}
}

// TestMoveToSilentNode waits for a replica at a node that does not answer: that ends, so that other moves
// can follow.
func TestMoveToSilentNode(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	n := c.leads(groupOf(0))
	begun := time.Now()
	err := n.catchUp(t.Context(), n.group(groupOf(0)), porttest.Pair(t), almost)
	if took := time.Since(begun); !errors.Is(err, cluster.ErrNotNow) || took > 2*goneAfter {
		t.Errorf("after %v: %v", took, err)
	}
}
