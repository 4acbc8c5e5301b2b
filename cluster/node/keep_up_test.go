package node

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestPlanOfBefore has three replicas be planned for a node that falls silent while it is asked for the first
// one: it is not asked for the others.
func TestPlanOfBefore(t *testing.T) {
	t.Parallel()
	const silence = silentAfter + time.Second
	c := startTestCluster(t, 3)
	var asked atomic.Int32
	var self cluster.Node
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			asked.Add(1)
			time.Sleep(silence)
			fallthrough
		case asked.Load() > 0:
			http.Error(w, "silent", http.StatusConflict)
		default:
			json.NewEncoder(w).Encode(Status{Cluster: c.nodes[1].peers.cluster, Node: self, ShardCount: testShards})
		}
	}))
	defer silent.Close()
	peer := strings.TrimPrefix(silent.URL, plain)
	self = cluster.Node{ID: 4, Peer: peer, Client: peer, Raft: peer, Version: "test"}
	if err := c.meta().register(c.meta().meta.Load(), self); err != nil {
		t.Fatal(err)
	}
	c.await("list with the new node", func() error { return c.registered(4) })
	if err := c.meta().Drain(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	c.await("move", func() error {
		if asked.Load() == 0 {
			return errors.New("nothing was asked for")
		}
		return nil
	})
	time.Sleep(2 * silence)
	if got := asked.Load(); got != 1 {
		t.Errorf("a node that is silent was asked for %d replicas", got)
	}
}
