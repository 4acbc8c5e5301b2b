package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// staleness is what an answer tells of it, empty for nothing.
func staleness(a answer) string { return a.header.Get(stalenessHeader) }

// staleReads are those of a node.
func (n *testNode) staleReads() figures.StaleReads { return n.store.StaleReads() }

// wantStatus has an answer have a status.
func wantStatus(t *testing.T, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("got %d %q, want %d", a.status, a.body, status)
	}
}

// TestStaleReads: only who asks for stale reads gets them, of the node's own replicas and without
// another node.
func TestStaleReads(t *testing.T) {
	c := newCluster(t, 2, 2)
	c.fill(10)
	n := c.nodes[0]
	n.age.Store(int64(1500 * time.Microsecond))
	n.scan("")
	for _, target := range []string{"/api/v1/kv/k001", "/api/v1/kv/k001?consistency=linearizable"} {
		if a := n.do("GET", target, ""); staleness(a) != "" {
			t.Errorf("%s: %+v", target, a)
		}
	}
	n.do("PUT", "/api/v1/kv/k001", "1")
	if got := n.staleReads(); got != (figures.StaleReads{}) {
		t.Errorf("%+v, and nobody has asked for any", got)
	}
	c.nodes[1].peer.Close()
	for i := range 10 {
		target := fmt.Sprintf("/api/v1/kv/k%03d?consistency=stale", i)
		if a := n.do("GET", target, ""); a.body != strconv.Itoa(i) || staleness(a) != "2" {
			t.Errorf("%+v", a)
		}
		if a := n.do("HEAD", target, ""); a.status != http.StatusOK || staleness(a) != "2" {
			t.Errorf("%+v", a)
		}
	}
	if a := n.do("GET", "/api/v1/kv/none?consistency=stale", ""); a.status != http.StatusNotFound || staleness(a) != "2" {
		t.Errorf("what there is not: %+v", a)
	}
	if a := n.do("GET", "/api/v1/scan?consistency=stale", ""); staleness(a) != "2" {
		t.Errorf("%+v", a)
	}
	if got := n.scan("consistency=stale"); len(got) != 10 {
		t.Errorf("%q", got)
	}
	if got, want := n.staleReads(), (figures.StaleReads{Local: 21 + 2*2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestTooStale: what is older than the bound is not read; the leader answers as if nobody had spoken
// of staleness.
func TestTooStale(t *testing.T) {
	c := newCluster(t, 2, 2)
	c.fill(10)
	n := c.nodes[0]
	n.age.Store(int64(700 * time.Millisecond))
	for query, local := range map[string]bool{
		"consistency=stale":                    true,
		"consistency=stale&max_staleness=1":    true,
		"consistency=stale&max_staleness=0.6s": false,
		"max_staleness=5ms&consistency=stale":  false,
	} {
		before := n.staleReads()
		want := ""
		if local {
			want = "700"
		}
		for i := range 10 {
			if a := n.do("GET", fmt.Sprintf("/api/v1/kv/k%03d?%s", i, query), ""); a.body != strconv.Itoa(i) || staleness(a) != want {
				t.Errorf("%s: %+v", query, a)
			}
		}
		if a := n.do("GET", "/api/v1/scan?"+query, ""); staleness(a) != want {
			t.Errorf("%s: %+v", query, a)
		}
		after := n.staleReads()
		if moved := [2]int64{after.Local - before.Local, after.PassedOn - before.PassedOn}; local && moved != [2]int64{12, 0} || !local && moved != [2]int64{0, 12} {
			t.Errorf("%s: %v reads", query, moved)
		}
	}
}

func TestStalenessIsAskedForRightly(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.fill(1)
	for _, query := range []string{
		"consistency=some", "max_staleness=1s", "consistency=linearizable&max_staleness=1s",
		"consistency=stale&max_staleness=0", "consistency=stale&max_staleness=-1s", "consistency=stale&max_staleness=soon",
		"consistency=stale&max_staleness=", "consistency=stale&max_staleness=1s&max_staleness=2s", "consistency=stale&consistency=stale",
	} {
		wantProblem(t, c.nodes[0].do("GET", "/api/v1/kv/k000?"+query, ""), malformedRequest)
		wantProblem(t, c.nodes[0].do("GET", "/api/v1/scan?"+query, ""), malformedRequest)
	}
	s := newServer(t)
	s.do("PUT", "/api/v1/kv/k", "v")
	if a := s.do("GET", "/api/v1/kv/k?consistency=stale&max_staleness=1s", ""); a.body != "v" || staleness(a) != "" {
		t.Errorf("without a cluster: %+v", a)
	}
}

// TestStaleKeyspaces: keyspaces are found in the node's own replicas, if they are there.
func TestStaleKeyspaces(t *testing.T) {
	c := newCluster(t, 2, 2)
	n := c.nodes[1] // which does not lead the first shard
	n.age.Store(1)
	wantStatus(t, n.do("POST", "/api/v1/keyspaces", `{"name":"named"}`), http.StatusCreated)
	for i := range 10 {
		wantStatus(t, n.do("PUT", fmt.Sprintf("/api/v1/keyspaces/named/kv/k%d", i), "v"), http.StatusNoContent)
	}
	c.nodes[0].peer.Close()
	if a := n.do("GET", "/api/v1/keyspaces/named/kv/k1?consistency=stale", ""); a.body != "v" || staleness(a) != "1" {
		t.Errorf("%+v", a)
	}
	if a := n.do("GET", "/api/v1/keyspaces/named/scan?consistency=stale", ""); a.status != http.StatusOK || staleness(a) != "1" {
		t.Errorf("%+v", a)
	}
}

// TestStaleReadsOfWhatIsUnknown: a replica that does not know a keyspace yet leaves it to the leader.
func TestStaleReadsOfWhatIsUnknown(t *testing.T) {
	c := newCluster(t, 2, 1)
	n := c.nodes[1]
	wantStatus(t, n.do("POST", "/api/v1/keyspaces", `{"name":"named"}`), http.StatusCreated)
	wantStatus(t, n.do("PUT", "/api/v1/keyspaces/named/kv/k", "v"), http.StatusNoContent)
	before, err := mantisdb.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	c.mu.Lock()
	n.replicas = []*mantisdb.DB{before}
	c.mu.Unlock()
	n.age.Store(1)
	if a := n.do("GET", "/api/v1/keyspaces/named/kv/k?consistency=stale", ""); a.body != "v" || staleness(a) != "" {
		t.Errorf("%+v", a)
	}
	if a := n.do("GET", "/api/v1/keyspaces/named/scan?consistency=stale", ""); a.status != http.StatusOK {
		t.Errorf("%+v", a)
	}
	if got := n.staleReads(); got.Local != 0 {
		t.Errorf("%+v", got)
	}
}
