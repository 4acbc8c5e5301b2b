package redis

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// testCluster is some nodes in this process. Each shard is a database in memory, which one of
// them leads at a time; to move it, the others are told that they lead it no more.
type testCluster struct {
	t     testing.TB
	dbs   []*mantisdb.DB
	nodes []*testNode

	mu      sync.Mutex
	leaders []int           // of the shards, as indexes of nodes; -1 is none
	terms   []uint64        // of the shards
	changed []chan struct{} // of the shards: closed at the next change

	// alone says that keyspaces cannot be made in all shards.
	alone atomic.Bool
}

// ensureKeyspace has a keyspace in all shards, the first one last.
func (c *testCluster) ensureKeyspace(_ context.Context, name string) error {
	if c.alone.Load() {
		return errors.New("a shard cannot be asked")
	}
	for _, db := range slices.Backward(c.dbs) {
		if _, err := db.CreateKeyspace(name, mantisdb.KeyspaceOptions{}); err != nil && !errors.Is(err, mantisdb.ErrKeyspaceExists) {
			return err
		}
	}
	return nil
}

// testNode is one node, and its membership.
type testNode struct {
	*testServer
	cluster *testCluster
	index   int
	peer    net.Listener
	conns   sync.Map // of peers, as keys
	routes  []atomic.Pointer[cluster.Route]
	// misled, if it is not nil, is the node that this one takes for the leader of all.
	misled atomic.Pointer[testNode]

	age      atomic.Int64   // of its replicas, in nanoseconds; 0: it has none
	replicas []*mantisdb.DB // nil: those of the leaders
}

// newTestCluster has, if numbers are given, each node be of the cluster of one of them.
func newTestCluster(t testing.TB, nodes, shards int, numbers ...string) *testCluster {
	t.Helper()
	c := &testCluster{t: t, leaders: make([]int, shards), terms: make([]uint64, shards)}
	for shard := range shards {
		db, err := mantisdb.Open("", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		c.dbs = append(c.dbs, db)
		c.leaders[shard] = shard % nodes
		c.changed = append(c.changed, make(chan struct{}))
	}
	for i := range nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, &testNode{cluster: c, index: i, peer: l, routes: make([]atomic.Pointer[cluster.Route], shards)})
	}
	for shard := range shards {
		c.publish(shard)
	}
	for i, n := range c.nodes {
		config := Config{Cluster: n, EnsureKeyspace: c.ensureKeyspace, EnableDebug: true}
		if len(numbers) > 0 {
			config.ClusterNumber = numbers[i]
		}
		n.testServer = newTestServerOf(t, nil, config)
		go n.servePeers()
		t.Cleanup(n.endPeers)
	}
	return c
}

func (n *testNode) servePeers() {
	for {
		conn, err := n.peer.Accept()
		if err != nil {
			return
		}
		n.conns.Store(conn, nil)
		go n.ServePeer(conn)
	}
}

// endPeers has the node be out of reach for the others.
func (n *testNode) endPeers() {
	n.peer.Close()
	n.conns.Range(func(conn, _ any) bool {
		conn.(net.Conn).Close()
		return true
	})
}

// move has a node lead a shard; -1 is none.
func (c *testCluster) move(shard, to int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaders[shard] = to
	c.terms[shard]++
	c.publish(shard)
}

// publish makes the routes of a shard anew.
func (c *testCluster) publish(shard int) {
	for i, n := range c.nodes {
		r := &cluster.Route{Term: c.terms[shard]}
		if leader := c.leaders[shard]; leader >= 0 {
			r.Leader, r.Peer = cluster.NodeID(leader+1), c.nodes[leader].peer.Addr().String()
			if leader == i {
				r.DB = c.dbs[shard]
			}
		}
		n.routes[shard].Store(r)
	}
	close(c.changed[shard])
	c.changed[shard] = make(chan struct{})
}

func (n *testNode) Topology() *cluster.Topology {
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &cluster.Topology{Self: cluster.NodeID(n.index + 1)}
	for i, node := range c.nodes {
		info := cluster.Node{ID: cluster.NodeID(i + 1), Peer: node.peer.Addr().String(), State: cluster.NodeUp, Reachable: true}
		if node.testServer != nil {
			info.Client = node.address
		}
		t.Nodes = append(t.Nodes, info)
	}
	for shard, leader := range c.leaders {
		s := cluster.Shard{Leader: cluster.NodeID(leader + 1), Term: c.terms[shard]}
		for i := range c.nodes {
			s.Replicas = append(s.Replicas, cluster.NodeID(i+1))
		}
		t.Shards = append(t.Shards, s)
	}
	return t
}

func (n *testNode) Route(shard int) *cluster.Route {
	if other := n.misled.Load(); other != nil {
		return &cluster.Route{Leader: cluster.NodeID(other.index + 1), Peer: other.peer.Addr().String()}
	}
	return n.routes[shard].Load()
}

// Replica implements cluster.Member: all nodes have a replica of each shard.
func (n *testNode) Replica(shard int, bound time.Duration) (*mantisdb.DB, time.Duration) {
	age := time.Duration(n.age.Load())
	if age == 0 || age > bound {
		return nil, 0
	}
	if n.replicas != nil {
		return n.replicas[shard], age
	}
	return n.cluster.dbs[shard], age
}

func (n *testNode) Next(ctx context.Context, shard int, failed *cluster.Route) (*cluster.Route, error) {
	for {
		n.cluster.mu.Lock()
		changed, route := n.cluster.changed[shard], n.Route(shard)
		n.cluster.mu.Unlock()
		if route.Leader != 0 && route != failed {
			return route, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, errors.Join(cluster.ErrUnavailable, ctx.Err())
		}
	}
}

// shardOf is the shard of a key.
func (c *testCluster) shardOf(key string) int {
	return cluster.ShardOf(cluster.Slot([]byte(key)), len(c.dbs))
}

// keyAt is a key whose shard a node leads; different numbers are different keys.
func (c *testCluster) keyAt(node, number int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 0; ; i++ {
		key := "key:" + strconv.Itoa(number) + ":" + strconv.Itoa(i)
		if c.leaders[c.shardOf(key)] == node {
			return key
		}
	}
}

// keyIn is a key of a shard.
func (c *testCluster) keyIn(shard, number int) string {
	for i := 0; ; i++ {
		if key := "key:" + strconv.Itoa(number) + ":" + strconv.Itoa(i); c.shardOf(key) == shard {
			return key
		}
	}
}

func TestAnyNodeServesAnyKey(t *testing.T) {
	c := newTestCluster(t, 3, 4)
	for i := range c.nodes {
		conn := c.nodes[i].dial(t)
		for shard := range c.dbs {
			key := c.keyIn(shard, i)
			conn.want("OK", "SET", key, "v", "PX", "100000")
			conn.want(int64(2), "APPEND", key, "w")
			for j := range c.nodes {
				c.nodes[j].dial(t).want("vw", "GET", key)
			}
			if value, err := c.dbs[shard].Get([]byte(key)); string(value) != "vw" || err != nil {
				t.Errorf("in shard %d: %q, %v", shard, value, err)
			}
		}
	}
}

func TestPassedOnCommandsHaveTheClientsContext(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn, key := c.nodes[0].dial(t), c.keyAt(1, 0)
	conn.want("OK", "SELECT", "3")
	conn.want("OK", "SET", key, "three")
	conn.want("OK", "SELECT", "0")
	conn.want(nil, "GET", key)
	conn.do("HELLO", "3")
	conn.write(command("GET", key))
	if line, err := conn.in.ReadString('\n'); line != "_\r\n" || err != nil {
		t.Errorf("in version 3, nothing is %q, %v", line, err)
	}
	conn.want(replyError("ERR bit is not an integer or out of range"), "SETBIT", key, "1", "x")
	conn.want("OK", "SELECT", "3")
	conn.want("three", "GET", key)
}

func TestKeysOfOneCommandAreInOneShard(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn := c.nodes[0].dial(t)
	conn.want(replyError(errCrossSlot), "MSET", c.keyIn(0, 0), "a", c.keyIn(1, 0), "b")
	for shard := range c.dbs {
		a, b := c.keyIn(shard, 1), c.keyIn(shard, 2)
		if cluster.Slot([]byte(a)) == cluster.Slot([]byte(b)) {
			t.Fatal("the keys are in one slot")
		}
		conn.want("OK", "MSET", a, "1", b, "2")
		conn.want([]any{"1", "2", nil}, "MGET", a, b, c.keyIn(shard, 3))
	}
}

// dialPeer is a trunk to a node.
func (n *testNode) dialPeer(t testing.TB) *trunk {
	t.Helper()
	conn, err := net.Dial("tcp", n.peer.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newTrunk(conn, "")
}

// wantCall sends one command over a trunk, and compares the reply as it comes.
func (t *trunk) wantCall(tb testing.TB, want string, args ...string) {
	tb.Helper()
	x := &call{proto: 2, replies: 1, limit: 1 << 20, waitsFor: func() bool { return true }}
	words := make([][]byte, len(args))
	for i, arg := range args {
		words[i] = []byte(arg)
	}
	x.commands = resp.AppendCommand(nil, words...)
	if got, err := t.do(nil, x); err != nil || string(got) != want {
		tb.Errorf("%q: %q, %v, want %q", args, got, err, want)
	}
}

func TestPeersAreNotServedForOthers(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	peer := c.nodes[0].dialPeer(t)
	peer.wantCall(t, "+OK\r\n", "SET", c.keyAt(0, 0), "v")
	peer.wantCall(t, "-NOTLEADER 2 "+c.nodes[1].peer.Addr().String()+"\r\n", "GET", c.keyAt(1, 0))
	c.move(c.shardOf(c.keyAt(1, 0)), -1)
	peer.wantCall(t, "-NOTLEADER 0 -\r\n", "GET", c.keyIn(1, 0))
	if got := c.nodes[0].clients.count(); got != 0 {
		t.Errorf("%d clients are counted, and there is but a peer", got)
	}
}

// Each number is given out once, whatever moves meanwhile.
func TestMovesUnderLoad(t *testing.T) {
	c := newTestCluster(t, 3, 3)
	const clients, increments = 6, 200
	var got [clients][]int64
	var loading sync.WaitGroup
	for i := range clients {
		conn := c.nodes[i%3].dial(t)
		loading.Go(func() {
			for range increments {
				n, ok := conn.do("INCR", "counter").(int64)
				if !ok {
					t.Error("a number was refused")
					return
				}
				got[i] = append(got[i], n)
			}
		})
	}
	done := make(chan struct{})
	go func() { loading.Wait(); close(done) }()
	for i := 0; ; i++ {
		select {
		case <-done:
			all := slices.Sorted(slices.Values(slices.Concat(got[:]...)))
			for i, n := range all {
				if n != int64(i+1) {
					t.Fatalf("number %d is %d", i+1, n)
				}
			}
			return
		default:
			c.move(c.shardOf("counter"), i%4-1)
			time.Sleep(time.Millisecond) // in which a call can be passed on and answered
		}
	}
}

func TestPipelinesAreDealtOutToShards(t *testing.T) {
	c := newTestCluster(t, 3, 6)
	conn := c.nodes[0].dial(t)
	conn.want("OK", "SELECT", "1")
	var sets, gets strings.Builder
	const n = 50
	for i := range n {
		sets.WriteString(command("SET", "k"+strconv.Itoa(i), strconv.Itoa(i)))
		gets.WriteString(command("GET", "k"+strconv.Itoa(i)))
	}
	sets.WriteString(command("SET", "k0", "last"))
	gets.WriteString(command("GET", "absent"))
	conn.write(sets.String() + gets.String() + command("SET", "", "v") + command("GET", "k0") + command("PING"))
	for range n + 1 {
		conn.wantNext("OK")
	}
	conn.wantNext("last")
	for i := 1; i < n; i++ {
		conn.wantNext(strconv.Itoa(i))
	}
	conn.wantNext(nil)
	if got, ok := conn.read().(replyError); !ok {
		t.Errorf("an empty key: %v", got)
	}
	conn.wantNext("last")
	conn.wantNext("PONG")
}

// TestNumberedDatabaseIsInAllShards: a numbered database is used once all shards have its keyspace, and not
// before; one that was dropped, once they have it again.
func TestNumberedDatabaseIsInAllShards(t *testing.T) {
	c := newTestCluster(t, 2, 4)
	conn := c.nodes[0].dial(t)
	conn.want("OK", "SELECT", "3")
	c.alone.Store(true)
	conn.want(replyError(errNoLeader), "SET", c.keyIn(2, 0), "value")
	c.alone.Store(false)
	conn.want("OK", "SET", c.keyIn(2, 0), "value")
	drop := func() {
		t.Helper()
		for shard, db := range c.dbs {
			if err := db.DropKeyspace("redis-3"); err != nil {
				t.Errorf("shard %d: %v", shard, err)
			}
		}
	}
	drop()
	conn.want("OK", "SET", c.keyIn(2, 0), "value")
	drop()
}
