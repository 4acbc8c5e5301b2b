package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/sharded"
)

// testCluster is a cluster without consensus: each shard is one database in memory, which one
// node at a time has.
type testCluster struct {
	t     *testing.T
	nodes []*testNode

	mu      sync.Mutex
	shards  []*mantisdb.DB
	leaders []int
	term    uint64
	changed chan struct{} // closed with the next change of a leader
}

// testNode is a node, its API behind one listener and its peer port behind another.
type testNode struct {
	*testServer
	cluster *testCluster
	index   int
	peer    *httptest.Server
	store   *sharded.Store
}

func newCluster(t *testing.T, nodes, shards int) *testCluster {
	t.Helper()
	c := &testCluster{t: t, changed: make(chan struct{})}
	for i := range shards {
		db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		c.shards, c.leaders = append(c.shards, db), append(c.leaders, i%nodes)
	}
	for i := range nodes {
		n := &testNode{cluster: c, index: i}
		n.store = sharded.New(n, nil)
		t.Cleanup(n.store.Close)
		h := NewClusterHandler(n.store, slog.New(slog.DiscardHandler), testAbout)
		n.testServer = serveHandler(t, h)
		n.peer = httptest.NewServer(h.Peer())
		t.Cleanup(n.peer.Close)
		c.nodes = append(c.nodes, n)
	}
	return c
}

// lead has a node lead a shard from now on.
func (c *testCluster) lead(shard, node int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaders[shard] = node
	c.term++
	close(c.changed)
	c.changed = make(chan struct{})
}

// Topology implements cluster.Member.
func (n *testNode) Topology() *cluster.Topology {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &cluster.Topology{Self: cluster.NodeID(n.index + 1), Shards: make([]cluster.Shard, len(c.shards))}
	for i := range t.Shards {
		t.Shards[i] = cluster.Shard{Leader: cluster.NodeID(c.leaders[i] + 1), Term: 1, Replicas: []cluster.NodeID{1, 2, 3}}
	}
	for _, node := range c.nodes {
		t.Nodes = append(t.Nodes, cluster.Node{ID: cluster.NodeID(node.index + 1), State: cluster.NodeUp, Reachable: true})
	}
	return t
}

// Route implements cluster.Member.
func (n *testNode) Route(shard int) *cluster.Route {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	leader := c.leaders[shard]
	route := &cluster.Route{Leader: cluster.NodeID(leader + 1), Term: c.term}
	if leader == n.index {
		route.DB = c.shards[shard]
	} else {
		route.Peer = c.nodes[leader].peer.Listener.Addr().String()
	}
	return route
}

// Next implements cluster.Member.
func (n *testNode) Next(ctx context.Context, shard int, failed *cluster.Route) (*cluster.Route, error) {
	for {
		n.cluster.mu.Lock()
		changed := n.cluster.changed
		n.cluster.mu.Unlock()
		if route := n.Route(shard); route.Term != failed.Term {
			return route, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, errors.Join(cluster.ErrUnavailable, ctx.Err())
		}
	}
}

// TestClusterEntries: every node answers for every key as one database does, with versions,
// conditions and problems as they are.
func TestClusterEntries(t *testing.T) {
	c := newCluster(t, 3, 8)
	for i := range 100 {
		at := fmt.Sprintf("/api/v1/kv/key%%2F%d", i)
		writer, reader := c.nodes[i%3], c.nodes[(i/3)%3]
		if a := writer.do("PUT", at, "value"); a.status != 204 {
			t.Fatalf("%s: %+v", at, a)
		}
		a := reader.do("GET", at, "")
		if a.status != 200 || a.body != "value" || a.header.Get("ETag") == "" {
			t.Fatalf("%s: %+v", at, a)
		}
		if a := writer.do("PUT", at, "newer", "If-Match", a.header.Get("ETag")); a.status != 204 {
			t.Fatalf("%s: %+v", at, a)
		}
		wantProblem(t, reader.do("PUT", at, "newest", "If-Match", a.header.Get("ETag")), versionDiffers)
		if a := reader.do("POST", at+"?op=append", "!"); a.status != 200 {
			t.Fatalf("%s: %+v", at, a)
		}
		if a := writer.do("POST", at+"?op=take", ""); a.body != "newer!" {
			t.Fatalf("%s: %+v", at, a)
		}
		wantProblem(t, reader.do("GET", at, ""), keyNotFound)
	}
	long := strings.Repeat("long", 1<<20)
	for i, n := range c.nodes {
		if a := n.do("PUT", "/api/v1/kv/long", long); a.status != 204 {
			t.Fatalf("node %d: %+v", i, a)
		}
		if a := n.do("GET", "/api/v1/kv/long", ""); a.body != long {
			t.Fatalf("node %d: %d with %d bytes", i, a.status, len(a.body))
		}
	}
}
