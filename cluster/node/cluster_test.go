package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/porttest"
)

// testShards is how many shards the clusters of the tests have.
const testShards = 2

// testCluster is a cluster whose nodes are all in this process.
type testCluster struct {
	t     *testing.T
	dir   string
	first map[cluster.NodeID]string
	nodes map[cluster.NodeID]*testNode
}

// testNode is one node of it, which may run.
type testNode struct {
	config Config
	*Node  // nil unless it runs
	server *http.Server
	done   sync.WaitGroup
}

// newTestCluster is a cluster that is to be made by some nodes, of which none runs.
func newTestCluster(t *testing.T, nodes int) *testCluster {
	t.Helper()
	c := &testCluster{t: t, dir: t.TempDir(), first: make(map[cluster.NodeID]string), nodes: make(map[cluster.NodeID]*testNode)}
	for id := range cluster.NodeID(nodes) {
		c.first[id+1] = porttest.Pair(t)
	}
	for id, peer := range c.first {
		c.add(id, peer).config.First = c.first
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			n.stop()
		}
	})
	return c
}

// startTestCluster is a cluster that serves.
func startTestCluster(t *testing.T, nodes int) *testCluster {
	t.Helper()
	c := newTestCluster(t, nodes)
	c.startAll()
	c.await("cluster that serves", c.serves)
	return c
}

// join adds a node, which does not run, to a cluster that is there.
func (c *testCluster) join(id cluster.NodeID) *testNode {
	n := c.add(id, porttest.Pair(c.t))
	for _, peer := range c.first {
		n.config.Join = append(n.config.Join, peer)
	}
	return n
}

func (c *testCluster) add(id cluster.NodeID, peer string) *testNode {
	raft, err := RaftAddress(peer)
	if err != nil {
		c.t.Fatal(err)
	}
	n := &testNode{config: Config{
		Self:   cluster.Node{ID: id, Peer: peer, Raft: raft, Client: peer, Version: "test"},
		Shards: testShards, Dir: filepath.Join(c.dir, strconv.FormatUint(uint64(id), 10)), MemoryLimit: 256 << 20,
		pace: pace{keepEvery: 100 * time.Millisecond, settledAfter: time.Second, mendEvery: 200 * time.Millisecond, leftAfter: time.Second},
	}}
	if testing.Verbose() {
		n.config.Logger = slog.New(slog.NewTextHandler(c.t.Output(), nil)).With("at", id)
	}
	c.nodes[id] = n
	return n
}

// open starts a node.
func (n *testNode) open(ctx context.Context) error {
	node, err := Open(ctx, n.config)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	node.Register(mux)
	listener, err := net.Listen("tcp", n.config.Self.Peer)
	if err != nil {
		node.Close()
		return err
	}
	n.Node, n.server = node, &http.Server{Handler: mux}
	n.done.Go(func() { n.server.Serve(listener) })
	return nil
}

// stop ends a node that runs.
func (n *testNode) stop() {
	if n.Node == nil {
		return
	}
	n.server.Close()
	n.Node.Close()
	n.done.Wait()
	n.Node = nil
}

// startAll starts the nodes that do not run, at once.
func (c *testCluster) startAll() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), settled)
	defer cancel()
	var starting sync.WaitGroup
	for id, n := range c.nodes {
		if n.Node == nil {
			starting.Go(func() {
				if err := n.open(ctx); err != nil {
					c.t.Errorf("starting node %d: %v", id, err)
				}
			})
		}
	}
	starting.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// settled is how long a cluster may take until it is as it should be.
const settled = 30 * time.Second

// await waits until a condition has no error any more.
func (c *testCluster) await(what string, condition func() error) {
	c.t.Helper()
	for deadline := time.Now().Add(settled); ; time.Sleep(10 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("no %s within %v: %v", what, settled, err)
		}
	}
}

// serves tells what is missing until every shard, and the list of nodes, has a leader that runs.
func (c *testCluster) serves() error {
	for shard := range testShards {
		if c.database(shard) == nil {
			return fmt.Errorf("nobody leads shard %d", shard)
		}
	}
	if c.meta() == nil {
		return errors.New("nobody leads the meta group")
	}
	return nil
}

// database is that of a shard, nil if no node leads it.
func (c *testCluster) database(shard int) *mantisdb.DB {
	for _, n := range c.nodes {
		if n.Node != nil && n.Route(shard).DB != nil {
			return n.Route(shard).DB
		}
	}
	return nil
}

// meta is the node that leads the meta group, nil if none does.
func (c *testCluster) meta() *testNode {
	for _, n := range c.nodes {
		if n.Node != nil && n.meta.Load() != nil {
			return n
		}
	}
	return nil
}

// registered tells which node that runs does not have the list with what a node says of itself, or
// does not reach it.
func (c *testCluster) registered(id cluster.NodeID) error {
	for _, n := range c.nodes {
		if n.Node == nil {
			continue
		}
		if known := n.Topology().Node(id); known == nil || known.Version == "" || !known.Reachable {
			return fmt.Errorf("node %d does not know of node %d", n.config.Self.ID, id)
		}
	}
	return nil
}
