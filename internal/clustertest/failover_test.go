//go:build linux

package clustertest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// How often a node is killed, and how soon writes must be done again, each time, to all shards
// that it led.
const (
	failovers      = 20
	failoverWithin = 2 * time.Second
)

// TestFailover kills the node that leads most shards, and measures how long it takes until
// each of them takes writes again. Another one has just begun again, as it was killed before.
func TestFailover(t *testing.T) {
	needMachine(t)
	r := newCluster(t, &loopback{}, 3)
	var took []time.Duration
	for range failovers {
		took = append(took, r.failover())
		r.await("cluster that serves", r.serves)
	}
	slices.Sort(took)
	median, longest := took[len(took)/2], took[len(took)-1]
	t.Logf("writes were done again after a kill in %v in the median of %d, %v at most", median, len(took), longest)
	if longest > failoverWithin {
		t.Errorf("writes took up to %v to be done again after a kill, and %v is allowed", longest, failoverWithin)
	}
}

// failover kills a node, starts it again, and returns how long it took until the last of its
// shards took a write.
func (r *running) failover() time.Duration {
	r.t.Helper()
	topology, err := r.topology(r.nodes[0])
	if err != nil {
		r.t.Fatal(err)
	}
	victim, others := r.busiest(topology)
	shards := ledBy(topology, cluster.NodeID(victim.id))
	if len(shards) == 0 {
		r.t.Fatal("no node leads a shard")
	}
	if err := victim.kill(); err != nil {
		r.t.Fatal(err)
	}
	killed := time.Now()
	var all sync.WaitGroup
	for _, shard := range shards {
		key := keyOf(topology, shard, "failover")
		all.Go(func() {
			if err := r.putUntilDone(others[shard%len(others)], key); err != nil {
				r.t.Error(err)
			}
		})
	}
	all.Wait()
	took := time.Since(killed)
	r.t.Logf("%v for %d shards that node %d led", took.Round(time.Millisecond), len(shards), victim.id)
	if err := victim.start(); err != nil {
		r.t.Fatal(err)
	}
	return took
}

// busiest is the node that leads most shards, and the others.
func (r *running) busiest(topology *cluster.Topology) (most *node, others []*node) {
	leads := func(n *node) int { return len(ledBy(topology, cluster.NodeID(n.id))) }
	most = slices.MaxFunc(r.nodes, func(a, b *node) int { return leads(a) - leads(b) })
	for _, n := range r.nodes {
		if n != most {
			others = append(others, n)
		}
	}
	return most, others
}

// putUntilDone puts a key again and again until that is acknowledged.
func (r *running) putUntilDone(n *node, key string) error {
	in := linearizable.KeyInput{Kind: "put", Key: key, Value: "again"}
	for deadline := time.Now().Add(settled); ; {
		_, err := r.client(n.client()).do(in)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not put within %v: %w", key, settled, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
