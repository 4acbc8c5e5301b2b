//go:build linux

package clustertest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestRollingRestart has each node end in order and start again, under load: nothing that was
// acknowledged is lost, and no request fails that is sent twice.
func TestRollingRestart(t *testing.T) {
	needMachine(t)
	r := newCluster(t, &loopback{}, 3)
	s := r.workSteadily()
	for _, n := range r.nodes {
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
		r.await("cluster that serves", r.serves)
	}
	s.stop()
	r.await("equality of the replicas", r.equal)
}

// TestNodesComeAndGo adds a node to a cluster, gives it work, has another one give its own
// away, and removes that, under load.
func TestNodesComeAndGo(t *testing.T) {
	needMachine(t)
	r := newCluster(t, &loopback{}, 3)
	s := r.workSteadily()
	added := r.join()
	r.await("cluster that knows the new node", func() error { return r.has(added, true) })

	topology := r.mustTopology()
	shard, from := 0, topology.Shards[0].Replicas[0]
	r.mustAdmin("move", strconv.Itoa(shard), fmt.Sprint(from), strconv.Itoa(added.id))
	r.await("replica on the new node", func() error {
		if replicas := r.mustTopology().Shards[shard].Replicas; !slices.Contains(replicas, cluster.NodeID(added.id)) || slices.Contains(replicas, from) {
			return fmt.Errorf("shard %d has its replicas on %v", shard, replicas)
		}
		return nil
	})
	r.await("lead for the new node, once that has caught up", func() error {
		_, err := r.admin(r.nodes[0], "lead", strconv.Itoa(shard), strconv.Itoa(added.id))
		return err
	})
	r.await("leader on the new node", func() error {
		if leader := r.mustTopology().Shards[shard].Leader; leader != cluster.NodeID(added.id) {
			return fmt.Errorf("node %d leads shard %d", leader, shard)
		}
		return nil
	})

	gone := r.nodes[2]
	r.mustAdmin("drain", strconv.Itoa(gone.id))
	r.await("node without replicas", func() error {
		for i, shard := range r.mustTopology().Shards {
			if slices.Contains(shard.Replicas, cluster.NodeID(gone.id)) {
				return fmt.Errorf("shard %d has a replica on node %d", i, gone.id)
			}
		}
		return nil
	})
	r.mustAdmin("remove", strconv.Itoa(gone.id))
	r.await("cluster without the node", func() error { return r.has(gone, false) })
	s.stop()
	r.await("equality of the replicas", r.equal)
}

// has tells whether the cluster does not know a node that it should, or knows one that it
// should not.
func (r *running) has(n *node, should bool) error {
	if got := r.mustTopology().Node(cluster.NodeID(n.id)) != nil; got != should {
		return fmt.Errorf("node %d is in the cluster: %v", n.id, got)
	}
	return nil
}

func (r *running) mustTopology() *cluster.Topology {
	r.t.Helper()
	topology, err := r.topology(r.nodes[0])
	if err != nil {
		r.t.Fatal(err)
	}
	return topology
}

func (r *running) mustAdmin(args ...string) {
	r.t.Helper()
	if _, err := r.admin(r.nodes[0], args...); err != nil {
		r.t.Fatal(err)
	}
}
