package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// cutting is what becomes of the cuts of a testCluster.
type cutting struct {
	mu      sync.Mutex
	open    int // cuts that are not closed
	held    int // cuts that are not resumed either
	fewest  int // how many were held when the first of them was to be resumed
	resumed bool
	notYet  notYet
	fail    func(shard int) error // is asked when a cut is to be resumed; nil: nobody
}

// notYet has a shard that a node leads refuse to be cut so often.
type notYet struct {
	mu    sync.Mutex
	times int
}

func (n *notYet) refuse() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.times--
	return n.times >= 0
}

// testCut is a cut of a shard that nobody writes to.
type testCut struct {
	cutting *cutting
	shard   int
	snap    storage.Snapshot
	resumed bool
}

// Cut implements sharded.Cutter.
func (n *testNode) Cut(shard int, _ time.Duration) (cluster.Cut, error) {
	if n.Route(shard).DB == nil || n.cluster.cutting.notYet.refuse() {
		return nil, cluster.ErrNotLeader
	}
	snap, err := n.cluster.engines[shard].Snapshot()
	if err != nil {
		return nil, err
	}
	c := &n.cluster.cutting
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
	c.held++
	return &testCut{cutting: c, shard: shard, snap: snap}, nil
}

func (c *testCut) Snapshot() storage.Snapshot { return c.snap }

func (c *testCut) Resume() error {
	all := c.cutting
	all.mu.Lock()
	defer all.mu.Unlock()
	if !all.resumed {
		all.resumed, all.fewest = true, all.held
	}
	all.held--
	c.resumed = true
	if all.fail == nil {
		return nil
	}
	return all.fail(c.shard)
}

func (c *testCut) Close() error {
	c.cutting.mu.Lock()
	defer c.cutting.mu.Unlock()
	c.cutting.open--
	if !c.resumed {
		c.cutting.held--
	}
	return c.snap.Close()
}

// awaitClosed waits until all cuts are closed.
func (c *cutting) awaitClosed(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		open := c.open
		c.mu.Unlock()
		if open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d cuts are not closed", open)
		}
	}
}

// TestClusterBackup: every node backs all shards up, as one database with all that they have, and
// all are held at one moment.
func TestClusterBackup(t *testing.T) {
	c := newCluster(t, 3, 8)
	all := c.fill(300)
	for i, name := range []string{"b", "a"} {
		if a := c.nodes[i].do("POST", keyspacesPath, fmt.Sprintf(`{"name":%q}`, name), "Content-Type", "application/json"); a.status != 201 {
			t.Fatalf("%+v", a)
		}
		for j := range 50 {
			if a := c.nodes[j%3].do("PUT", fmt.Sprintf("%s/%s/kv/%d?ttl=100h", keyspacesPath, name, j), name); a.status != 204 {
				t.Fatalf("%+v", a)
			}
		}
	}
	for i, n := range c.nodes {
		c.cutting.resumed = false
		c.cutting.notYet.times = i // a leader that has just changed
		a := n.do("GET", "/api/v1/backup", "")
		if a.status != 200 {
			t.Fatalf("%+v", a)
		}
		c.cutting.awaitClosed(t)
		if c.cutting.fewest != 8 {
			t.Errorf("%d shards of 8 were held when the first was resumed", c.cutting.fewest)
		}
		dir := filepath.Join(t.TempDir(), "restored")
		stats, err := mantisdb.Restore(t.Context(), dir, &mantisdb.Options{Engine: mantisdb.EngineGo}, strings.NewReader(a.body))
		if err != nil || stats.Entries != 400 {
			t.Fatalf("%+v, %v", stats, err)
		}
		db, err := mantisdb.Open(dir, &mantisdb.Options{Engine: mantisdb.EngineGo})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range all {
			if got, err := db.Get([]byte(key)); err != nil || string(got) != value {
				t.Errorf("%s: %q, %v", key, got, err)
			}
		}
		for _, name := range []string{"a", "b"} {
			ks, err := db.Keyspace(name)
			if err != nil {
				t.Fatal(err)
			}
			for j := range 50 {
				got, meta, err := ks.AppendGetMeta(nil, fmt.Append(nil, j))
				if err != nil || string(got) != name || meta.ExpiresAt == 0 {
					t.Errorf("%d in %s: %q, %+v, %v", j, name, got, meta, err)
				}
			}
		}
		db.Close()
	}
}

// TestClusterBackupAgain: if a shard, led here or elsewhere, was not held, all are cut again; if
// it never is, there is no backup, and nothing of one.
func TestClusterBackupAgain(t *testing.T) {
	c := newCluster(t, 3, 8)
	c.fill(100)
	for shard := range 3 {
		failures := 0
		c.cutting.fail = func(of int) error {
			if of != shard || failures == 2 {
				return nil
			}
			failures++
			return cluster.ErrCutOver
		}
		if a := c.nodes[0].do("GET", "/api/v1/backup", ""); a.status != 200 || failures != 2 {
			t.Errorf("shard %d was not held twice: %d after %d", shard, a.status, failures)
		}
		c.cutting.fail = func(of int) error {
			if of == shard {
				return cluster.ErrCutOver
			}
			return nil
		}
		wantProblem(t, c.nodes[0].do("GET", "/api/v1/backup", ""), notNow)
		c.cutting.awaitClosed(t)
	}
	c.cutting.fail = nil
	if a := c.nodes[0].do("GET", "/api/v1/backup", ""); a.status != 200 {
		t.Errorf("at last: %+v", a)
	}
}

// TestClusterBackupLeft: who asks for a backup and goes leaves nothing held.
func TestClusterBackupLeft(t *testing.T) {
	c := newCluster(t, 3, 4)
	for i := range 24 {
		if a := c.nodes[0].do("PUT", fmt.Sprintf("/api/v1/kv/%d", i), strings.Repeat("x", 1<<20)); a.status != 204 {
			t.Fatalf("%+v", a)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.nodes[0].URL+"/api/v1/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.nodes[0].Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	cancel()
	c.cutting.awaitClosed(t)
}

// TestCutIsHeldByTheRequest: a cut lasts as long as the body of the request for it, and one whose
// request breaks off is given up.
func TestCutIsHeldByTheRequest(t *testing.T) {
	c := newCluster(t, 1, 1)
	from, to := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.nodes[0].peer.URL+"/cluster/v1/shards/0/cut", from)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	if _, err := to.Write([]byte("on")); err != nil { // once this is taken, the request is sent
		t.Fatal(err)
	}
	for held := 0; held == 0; time.Sleep(time.Millisecond) {
		c.cutting.mu.Lock()
		held = c.cutting.held
		c.cutting.mu.Unlock()
	}
	to.CloseWithError(io.ErrClosedPipe)
	if err := <-failed; err == nil {
		t.Error("a request that broke off was answered")
	}
	c.cutting.awaitClosed(t)
	if c.cutting.resumed {
		t.Error("a cut that nobody wants was taken for held")
	}
	a, err := http.Post(c.nodes[0].peer.URL+"/cluster/v1/shards/0/cut", "", bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if stats, err := mantisdb.VerifyBackup(t.Context(), a.Body); err != nil || stats.Entries != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}
