package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"github.com/mantisdb/mantisdb/internal/wire"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/sharded"
	"github.com/mantisdb/mantisdb/storage"
)

// testCluster is a cluster without consensus: each shard is one database in memory, which one
// node at a time has.
type testCluster struct {
	t     *testing.T
	nodes []*testNode

	cutting cutting

	mu      sync.Mutex
	engines []storage.Engine
	shards  []*mantisdb.DB
	leaders []int
	term    uint64
	history uint64        // of the first shard; those of the others follow
	changed chan struct{} // closed with the next change of a leader
}

// testNode is a node, its API behind one listener and its peer port behind another.
type testNode struct {
	*testServer
	cluster  *testCluster
	index    int
	peer     *httptest.Server
	store    *sharded.Store
	age      atomic.Int64   // of its replicas, in nanoseconds; 0: it has none
	replicas []*mantisdb.DB // nil: those of the leaders
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
	return n.cluster.shards[shard], age
}

func newCluster(t *testing.T, nodes, shards int) *testCluster {
	t.Helper()
	c := &testCluster{t: t, changed: make(chan struct{})}
	for i := range shards {
		engine, err := storage.Open(storage.Config{Engine: mantisdb.EngineGo, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		db, err := mantisdb.OpenEngine(engine, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		c.engines = append(c.engines, engine)
		c.shards, c.leaders = append(c.shards, db), append(c.leaders, i%nodes)
	}
	for i := range nodes {
		n := &testNode{cluster: c, index: i}
		n.store = sharded.New(n, "", nil)
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
		route.DB, route.History = c.shards[shard], c.history+uint64(shard)
	} else {
		route.Peer = c.nodes[leader].peer.Listener.Addr().String()
	}
	return route
}

// Next implements cluster.Member. Like a node's, it returns the same route again after a moment.
func (n *testNode) Next(ctx context.Context, shard int, failed *cluster.Route) (*cluster.Route, error) {
	again := time.After(50 * time.Millisecond)
	for {
		n.cluster.mu.Lock()
		changed := n.cluster.changed
		n.cluster.mu.Unlock()
		if route := n.Route(shard); route.Term != failed.Term {
			return route, nil
		}
		select {
		case <-changed:
		case <-again:
			return n.Route(shard), nil
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

// fillCluster puts entries in by all nodes in turn, and returns them.
func (c *testCluster) fill(n int) map[string]string {
	c.t.Helper()
	all := map[string]string{}
	for i := range n {
		key, value := fmt.Sprintf("k%03d", i), strconv.Itoa(i)
		all[key] = value
		if a := c.nodes[i%len(c.nodes)].do("PUT", "/api/v1/kv/"+key, value); a.status != 204 {
			c.t.Fatalf("%s: %+v", key, a)
		}
	}
	return all
}

// scan reads all pages of a scan at a node, and returns the keys with their values.
func (n *testNode) scan(query string) (found []string) {
	n.t.Helper()
	for cursor := ""; ; {
		a := n.do("GET", "/api/v1/scan?encoding=text&"+query+cursor, "")
		lines := strings.Split(strings.TrimSuffix(a.body, "\n"), "\n")
		last := len(lines) - 1
		for _, line := range lines[:last] {
			var e struct {
				Key   string `json:"key_text"`
				Value string `json:"value_text"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				n.t.Fatalf("%s: %v", line, err)
			}
			found = append(found, e.Key+"="+e.Value)
		}
		end, isEnd, err := wire.ParseScanEnd([]byte(lines[last]))
		if err != nil || !isEnd {
			n.t.Fatalf("%d %s: %v", a.status, lines[last], err)
		}
		if end.NextCursor == nil {
			return found
		}
		cursor = "&cursor=" + *end.NextCursor
	}
}

// TestClusterScan: a scan yields what all shards have in the order of the keys, in both
// directions, whole and by pages, at every node.
func TestClusterScan(t *testing.T) {
	c := newCluster(t, 3, 8)
	all := c.fill(200)
	var want []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		want = append(want, key+"="+all[key])
	}
	backwards := slices.Clone(want)
	slices.Reverse(backwards)
	for _, n := range c.nodes {
		for query, want := range map[string][]string{
			"":                             want,
			"limit=7":                      want,
			"reverse=true&limit=30":        backwards,
			"prefix=k01":                   want[10:20],
			"start=k0505&end=k06&limit=3":  want[51:60],
			"start=k19&reverse=true":       backwards[:10],
			"end=k005&reverse=true":        backwards[195:],
			"limit=100000":                 want,
			"prefix=none":                  nil,
			"consistency=stale&prefix=k01": want[10:20],
		} {
			if got := n.scan(query); !slices.Equal(got, want) {
				t.Errorf("node %d, %q: %q, want %q", n.index, query, got, want)
			}
		}
	}
	wantProblem(t, c.nodes[0].do("GET", "/api/v1/scan?consistency=some", ""), malformedRequest)
	if a := c.nodes[1].do("DELETE", "/api/v1/range?prefix=k0", ""); a.status != 204 {
		t.Errorf("%+v", a)
	}
	if got := c.nodes[2].scan(""); !slices.Equal(got, want[100:]) {
		t.Errorf("behind the deletion of a range: %q", got)
	}
}

// TestClusterSteps: batches and transactions are done in one shard, and refused in several.
func TestClusterSteps(t *testing.T) {
	c := newCluster(t, 3, 8)
	const batch, transaction = "/api/v1/kv/batch", "/api/v1/transaction"
	for i := range 20 {
		n := c.nodes[i%3]
		tag := fmt.Sprintf("{%d}", i)
		key := func(name string) string { return tag + name }
		body := fmt.Sprintf(`{"operations":[{"op":"put","key_text":"%s","value_text":"1"},{"op":"put","key_text":"%s","value_text":"2"}]}`, key("a"), key("b"))
		if a := n.do("POST", batch, body); a.status != 200 || a.body != "{\"operations\":2}\n" {
			t.Fatalf("%+v", a)
		}
		swap := fmt.Sprintf(`{"conditions":[{"key_text":"%s","value_text":"1"}],"operations":[{"op":"put","key_text":"%s","value_text":"3"}]}`, key("a"), key("a"))
		if a := n.do("POST", transaction, swap); a.status != 200 {
			t.Fatalf("%+v", a)
		}
		if p := wantProblem(t, n.do("POST", transaction, swap), conditionFailed); p.Condition == nil || *p.Condition != 0 {
			t.Errorf("%+v", p)
		}
		if a := n.do("POST", batch, fmt.Sprintf(`{"operations":[{"op":"delete_range","prefix_text":"%s"}]}`, tag)); a.status != 200 {
			t.Fatalf("%+v", a)
		}
	}
	n := c.nodes[0]
	if got := n.scan(""); len(got) != 0 {
		t.Errorf("behind the deletions: %q", got)
	}
	for _, operations := range []string{
		`{"op":"put","key_text":"foo","value_text":""},{"op":"put","key_text":"bar","value_text":""}`,
		`{"op":"delete_range","prefix_text":"foo"}`,
		`{"op":"delete_range","prefix_text":"{foo"}`,
		`{"op":"delete_range","prefix_text":"{}"}`,
	} {
		p := wantProblem(t, n.do("POST", batch, `{"operations":[`+operations+`]}`), crossShard)
		if !strings.Contains(p.Detail, "{42}") {
			t.Errorf("it is not said what to do: %s", p.Detail)
		}
	}
	wantProblem(t, n.do("POST", transaction, `{"conditions":[{"key_text":"foo","version":0}],"operations":[{"op":"delete","key_text":"bar"}]}`), crossShard)
	wantProblem(t, n.do("POST", batch, `{"operations":[{"op":"put"}]}`), malformedRequest)
	if got := n.scan(""); len(got) != 0 {
		t.Errorf("what was refused was done: %q", got)
	}
}

// TestClusterKeyspaces: a keyspace is in all shards; a creation and a drop that broke off are
// ended when they are repeated.
func TestClusterKeyspaces(t *testing.T) {
	c := newCluster(t, 2, 4)
	n := c.nodes[1]
	const create = `{"name":"k/s","ttl":"1h"}`
	if _, err := c.shards[2].CreateKeyspace("k/s", mantisdb.KeyspaceOptions{TTL: time.Hour}); err != nil {
		t.Fatal(err) // as if a creation had ended there
	}
	if a := n.do("GET", keyspacesPath, ""); a.body != "{\"keyspaces\":[]}\n" {
		t.Errorf("%+v", a)
	}
	wantProblem(t, n.do("POST", keyspacesPath, `{"name":"k/s","ttl":"2h"}`), keyspaceExists)
	c.shards[0].DropKeyspace("k/s")
	c.shards[1].DropKeyspace("k/s")
	c.shards[3].DropKeyspace("k/s")
	if a := n.do("POST", keyspacesPath, create); a.status != 201 {
		t.Fatalf("%+v", a)
	}
	wantProblem(t, n.do("POST", keyspacesPath, create), keyspaceExists)
	wantProblem(t, n.do("POST", keyspacesPath, `{"name":"m","memory_only":true}`), unsupported)
	if a := c.nodes[0].do("GET", testKeyspacePath, ""); a.body != "{\"name\":\"k/s\",\"ttl\":\"1h0m0s\"}\n" {
		t.Errorf("%+v", a)
	}
	for i := range 10 {
		at := fmt.Sprintf("%s/kv/%d", testKeyspacePath, i)
		if a := c.nodes[i%2].do("PUT", at, "v"); a.status != 204 {
			t.Fatalf("%+v", a)
		}
		if a := n.do("GET", at, ""); a.body != "v" || a.header.Get(expiresAtHeader) == "" {
			t.Fatalf("%+v", a)
		}
	}
	if a := n.do("GET", testKeyspacePath+"/scan?keys_only=true", ""); strings.Count(a.body, "\n") != 11 {
		t.Errorf("%+v", a)
	}
	c.shards[0].DropKeyspace("k/s") // as if a drop had ended there
	if a := n.do("DELETE", testKeyspacePath, ""); a.status != 204 {
		t.Errorf("%+v", a)
	}
	wantProblem(t, n.do("DELETE", testKeyspacePath, ""), keyspaceNotFound)
	wantProblem(t, n.do("GET", testKeyspacePath+"/scan", ""), keyspaceNotFound)
	wantProblem(t, n.do("PUT", testKeyspacePath+"/kv/k", "v"), keyspaceNotFound)
}

// TestClusterMoves: while shards change their leaders, nothing that was acknowledged is lost,
// no request fails, and scans tell all that there is.
func TestClusterMoves(t *testing.T) {
	c := newCluster(t, 3, 4)
	all := c.fill(100)
	ctx, cancel := context.WithCancel(t.Context())
	var moving sync.WaitGroup
	moving.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			c.lead(i%4, (i/3)%3)
			time.Sleep(time.Millisecond)
		}
	})
	for round := range 30 {
		n := c.nodes[round%3]
		for i := range 100 {
			key, value := fmt.Sprintf("k%03d", i), fmt.Sprint(round, i)
			if a := n.do("PUT", "/api/v1/kv/"+key, value); a.status != 204 {
				t.Fatalf("%+v", a)
			}
			all[key] = value
		}
		if got := c.nodes[(round+1)%3].scan("limit=37"); len(got) != len(all) {
			t.Fatalf("a scan tells %d of %d", len(got), len(all))
		}
	}
	cancel()
	moving.Wait()
	for _, entry := range c.nodes[0].scan("") {
		if key, value, _ := strings.Cut(entry, "="); all[key] != value {
			t.Errorf("%s, and %q was acknowledged", entry, all[key])
		}
	}
}

// TestClusterDeadPeer: what a node that is gone led is served once another leads it, and until
// then refused after some seconds. What it may have done is told as such.
func TestClusterDeadPeer(t *testing.T) {
	c := newCluster(t, 2, 2)
	n := c.nodes[0]
	shard1 := "/api/v1/kv/foo"
	if c.nodes[0].store.ShardOf([]byte("foo")) != 1 {
		t.Fatal("the test's key is in another shard")
	}
	c.nodes[1].peer.Close()
	began := time.Now()
	a := n.do("PUT", shard1, "v")
	if wantProblem(t, a, noLeader); a.header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After: %v", a.header)
	}
	if took := time.Since(began); took < 4*time.Second || took > 10*time.Second {
		t.Errorf("it was refused after %v", took)
	}
	time.AfterFunc(300*time.Millisecond, func() { c.lead(1, 0) })
	if a := n.do("PUT", shard1, "v"); a.status != 204 {
		t.Errorf("%+v", a)
	}
}

// TestClusterBrokenConnection: of a write that was sent, and whose answer does not come, nobody
// knows whether it was done, and a read is tried again.
func TestClusterBrokenConnection(t *testing.T) {
	c := newCluster(t, 2, 2)
	var broken atomic.Int32
	handler := c.nodes[1].peer.Config.Handler
	c.nodes[1].peer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Add(1)%2 == 1 {
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	})
	n := c.nodes[0]
	wantProblem(t, n.do("PUT", "/api/v1/kv/foo", "v"), outcomeUnknown)
	if a := n.do("PUT", "/api/v1/kv/foo", "v"); a.status != 204 {
		t.Fatalf("%+v", a)
	}
	if a := n.do("GET", "/api/v1/kv/foo", ""); a.body != "v" {
		t.Errorf("%+v", a)
	}
}

// TestClusterScanGoesOn: a scan whose peer breaks off goes on behind the last key that came.
func TestClusterScanGoesOn(t *testing.T) {
	c := newCluster(t, 2, 2)
	value := strings.Repeat("v", 1000)
	for i := range 400 {
		if err := c.shards[i%2].Put(fmt.Appendf(nil, "k%03d", i), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	var scans atomic.Int32
	handler := c.nodes[1].peer.Config.Handler
	c.nodes[1].peer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if scans.Add(1) < 3 {
			w = &breakingWriter{ResponseWriter: w, left: 70_000}
		}
		handler.ServeHTTP(w, r)
	})
	for _, query := range []string{"", "reverse=true", "limit=300"} {
		scans.Store(0)
		got := c.nodes[0].scan(query)
		if len(got) != 400 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 400 {
			t.Errorf("%q: %d entries", query, len(got))
		}
		if scans.Load() < 3 {
			t.Errorf("%q: the peer was asked %d times, and so nothing broke off", query, scans.Load())
		}
	}
}

// breakingWriter breaks its connection off once so many bytes were written.
type breakingWriter struct {
	http.ResponseWriter
	left int
}

func (b *breakingWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return b.ResponseWriter.Write(p)
}
