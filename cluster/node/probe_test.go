package node

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/porttest"
)

// TestClosedConsensus has a node be reached at its peer port alone: it counts as out of reach, a move to it
// ends, and once its consensus takes connections it is reached.
func TestClosedConsensus(t *testing.T) {
	t.Parallel()
	c := startTestCluster(t, 3)
	self := cluster.Node{ID: 4, Raft: porttest.Pair(t), Version: "test"}
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost { // a replica is to be started
			w.WriteHeader(http.StatusNoContent)
			return
		}
		json.NewEncoder(w).Encode(Status{Cluster: c.nodes[1].peers.cluster, Node: self, ShardCount: testShards})
	}))
	defer behind.Close()
	self.Peer = strings.TrimPrefix(behind.URL, plain)
	self.Client = self.Peer
	if err := c.meta().register(c.meta().meta.Load(), self); err != nil {
		t.Fatal(err)
	}
	n := c.leads(groupOf(0))
	c.await("node in the list", func() error {
		if n.Topology().Node(4) == nil {
			return errors.New("it is not there")
		}
		return nil
	})
	var err error
	c.await("end of the move", func() error {
		err = n.Move(t.Context(), 0, 1, 4)
		if err != nil && strings.Contains(err.Error(), "takes no connections") {
			return nil
		}
		return errors.Join(errors.New("it ended otherwise"), err)
	})
	if !errors.Is(err, cluster.ErrNotNow) {
		t.Errorf("a move to a node whose consensus is closed: %v", err)
	}
	if n.Topology().Node(4).Reachable {
		t.Error("a node whose consensus is closed counts as within reach")
	}
	l, err := net.Listen("tcp", self.Raft)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c.await("node that is reached", func() error { return c.registered(4) })
}
