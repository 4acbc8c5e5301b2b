package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/consensus"
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

// TestNumberOfWhoAsks: nobody but who names the number of the cluster is served, but that who wants to join it,
// and knows it by that, names none.
func TestNumberOfWhoAsks(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 1)
	n := c.nodes[1]
	mux := http.NewServeMux()
	n.Register(mux)
	mux.Handle("/data/", n.ForOwn(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	without := new(Node) // a node of a cluster that has no number
	without.peers = new(peers)
	for _, test := range []struct {
		numbers                              []string
		status, introduction, register, data int
	}{
		{[]string{n.ClusterNumber()}, 200, 409, 409, 200}, // the body makes no sense
		{nil, 200, 409, 409, 421},
		{[]string{"0000000000000007"}, 409, 409, 409, 421},
		{[]string{"0"}, 409, 409, 409, 421},
		{[]string{"mine"}, 409, 409, 409, 421},
		{[]string{strings.Repeat("f", 1<<16)}, 409, 409, 409, 421},
		{[]string{"7", n.ClusterNumber()}, 409, 409, 409, 421},
	} {
		for _, ask := range []struct {
			method, path string
			want         int
		}{
			{"GET", statusPath, test.status},
			{"PUT", introductionPath(1), test.introduction},
			{"PUT", nodesPath + "/2", test.register},
			{"GET", "/data/", test.data},
		} {
			r := httptest.NewRequest(ask.method, ask.path, nil)
			r.Header[cluster.NumberHeader] = test.numbers
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, r)
			named := len(test.numbers) == 1 && test.numbers[0] == n.ClusterNumber()
			introduces := ask.path == introductionPath(1) // by what it was given
			if told := strings.Contains(answer.Body.String(), "makes no sense"); answer.Code != ask.want || told != (introduces || named && ask.method == "PUT") {
				t.Errorf("%s %s of %.20q: %d, %.200q", ask.method, ask.path, test.numbers, answer.Code, answer.Body)
			}
			if answer.Body.Len() > longestReason {
				t.Errorf("an answer of %d bytes", answer.Body.Len())
			}
			if isOwn := without.checkCluster(r) == nil; isOwn != (len(test.numbers) == 0 || test.numbers[0] == "0") {
				t.Errorf("%.20q is taken for a cluster without a number: %t", test.numbers, isOwn)
			}
		}
	}
}

// TestRefusedBeforeTheBodyEnds: what is passed on may go on until it is answered.
func TestRefusedBeforeTheBodyEnds(t *testing.T) {
	t.Parallel()
	n := &Node{peers: &peers{cluster: 7}}
	server := httptest.NewServer(n.ForOwn(http.NotFoundHandler()))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), settled)
	defer cancel()
	body, end := io.Pipe()
	defer end.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusMisdirectedRequest {
		t.Error(answer.Status)
	}
}

// TestStrangersAreToldOnce has what answers at a node's address be slow at times.
func TestStrangersAreToldOnce(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	n := &Node{logger: slog.New(slog.NewTextHandler(&lines, nil))}
	told := make(map[cluster.NodeID]bool)
	for _, strangers := range []map[cluster.NodeID]error{{2: errRefused}, {}, {2: errRefused, 3: errOtherCluster}, {3: errRefused}} {
		n.tellStrangers(strangers, told)
	}
	if got := strings.Count(lines.String(), "\n"); got != 2 {
		t.Errorf("%d lines of two strangers:\n%s", got, &lines)
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

// TestMadeOtherwise has a first start be broken off, and repeated with another list of nodes: the node says what
// to do, which serves.
func TestMadeOtherwise(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 1)
	n := c.nodes[1]
	logs := filepath.Join(n.config.Dir, logsDir)
	begun, err := consensus.Open(consensus.Config{Dir: logs, Address: n.config.Self.Raft, Cluster: 7, LeaderChanged: func(uint64, uint64) {}})
	if err != nil {
		t.Fatal(err)
	}
	begun.Close()
	if err := n.open(t.Context()); !errors.Is(err, consensus.ErrOtherCluster) || !strings.Contains(err.Error(), "remove "+logs) {
		t.Fatal(err)
	}
	if err := os.RemoveAll(logs); err != nil {
		t.Fatal(err)
	}
	c.startAll()
	c.await("cluster that serves", c.serves)
}

// TestMadeAgain has a cluster be made again of the same nodes: it is another one.
func TestMadeAgain(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	before := c.nodes[1].ClusterNumber()
	for _, n := range c.nodes {
		if got := n.ClusterNumber(); got != before {
			t.Errorf("node %d is of cluster %s, and node 1 of %s", n.config.Self.ID, got, before)
		}
	}
	for _, n := range c.nodes {
		n.stop()
		if err := os.RemoveAll(n.config.Dir); err != nil {
			t.Fatal(err)
		}
	}
	c.startAll()
	c.await("cluster that serves", c.serves)
	if c.nodes[1].ClusterNumber() == before {
		t.Error("a cluster that was made again is the same one")
	}
}

// TestFounderIsGone has one of five nodes start first when the founder has gone, of which the others tell it.
func TestFounderIsGone(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 5)
	last := c.nodes[5]
	delete(c.nodes, 5)
	c.startAll()
	c.await("cluster that serves", c.serves)
	c.nodes[1].stop()
	c.nodes[5] = last
	ctx, cancel := context.WithTimeout(t.Context(), settled)
	defer cancel()
	if err := last.open(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := last.ClusterNumber(), c.nodes[2].ClusterNumber(); got != want {
		t.Errorf("it is of cluster %s, and the others of %s", got, want)
	}
	c.await("list with the last node", func() error { return c.registered(5) })
}

// TestFounderSeenByOne has the founder end once one of the four others has met it, which tell each other.
func TestFounderSeenByOne(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 5)
	delete(c.nodes, 1)
	begun := make(chan error, len(c.nodes))
	ctx, cancel := context.WithTimeout(t.Context(), settled)
	defer cancel()
	for _, n := range c.nodes {
		go func() { begun <- n.open(ctx) }()
	}
	time.Sleep(5 * introduceEvery) // by then they have met each other
	founder := introduction{1, "drawn", givenOf(c.first, testShards)}
	if err := newPeers(nil).ask(ctx, http.MethodPut, c.first[2], introductionPath(2), founder, nil); err != nil {
		t.Fatal(err)
	}
	for range len(c.nodes) {
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
	}
	want := newClusterID(founder.Given, founder.Incarnation).number()
	for id, n := range c.nodes {
		if got := n.ClusterNumber(); got != want {
			t.Errorf("node %d is of cluster %s, and the founder of %s", id, got, want)
		}
	}
	c.await("cluster that serves", c.serves)
}

// TestTwoFounders has a node be told of another founder than the one that it has met: it does not begin.
func TestTwoFounders(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, 3)
	for id, founder := range map[cluster.NodeID]string{1: "before", 3: "after its directory was lost"} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			json.NewEncoder(w).Encode(welcome{founder})
		}))
		defer other.Close()
		c.first[id] = strings.TrimPrefix(other.URL, plain)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*introduceEvery)
	defer cancel()
	if err := c.nodes[2].open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a node that was told of two founders began: %v", err)
	}
}

// TestClusterIDs has those be different that ought to be, and be read as they were written.
func TestClusterIDs(t *testing.T) {
	t.Parallel()
	made := func(first map[cluster.NodeID]string, shards int, founder string) clusterID {
		return newClusterID(givenOf(first, shards), founder)
	}
	first := map[cluster.NodeID]string{1: "a:1", 2: "b:1"}
	all := []clusterID{
		0, made(first, 2, "drawn"), made(first, 3, "drawn"), made(first, 2, "another"),
		made(map[cluster.NodeID]string{1: "a:1", 3: "b:1"}, 2, "drawn"),
		made(map[cluster.NodeID]string{1: "b:1", 2: "a:1"}, 2, "drawn"),
	}
	for i, one := range all {
		for j, other := range all {
			if err := one.check(other); (err == nil) != (i == j) {
				t.Errorf("%d and %d: %v", i, j, err)
			}
		}
		text, err := json.Marshal(Status{Cluster: one})
		var read Status
		if err = errors.Join(err, json.Unmarshal(text, &read)); err != nil || read.Cluster != one {
			t.Errorf("%v was read as %v, %v", one, read.Cluster, err)
		}
	}
	for _, text := range []string{"mine", "", "-1", "0x1", "10000000000000000"} {
		if new(clusterID).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q was taken for a number", text)
		}
	}
}
