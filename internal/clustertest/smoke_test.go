//go:build linux

package clustertest

import (
	"fmt"
	"testing"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// TestSmoke writes to each shard by each node and reads it by each other one, over both
// protocols, in a cluster of three nodes and in one of one.
func TestSmoke(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d nodes", nodes), func(t *testing.T) {
			r := newCluster(t, &loopback{}, nodes)
			topology := r.mustTopology()
			for shard := range topology.Shards {
				for _, n := range r.nodes {
					r.smoke(n, keyOf(topology, shard, fmt.Sprintf("smoke/%d", n.id)))
				}
			}
			r.await("equality of the replicas", r.equal)
		})
	}
}

// smoke has a node put a key and each node read it.
func (r *running) smoke(n *node, key string) {
	r.t.Helper()
	value := "by node " + fmt.Sprint(n.id)
	in := linearizable.KeyInput{Kind: "put", Key: key, Value: value}
	if _, err := r.client(n.client()).do(in); err != nil {
		r.t.Fatalf("%s by node %d: %v", key, n.id, err)
	}
	for _, reader := range r.nodes {
		out, err := r.client(reader.client()).do(linearizable.KeyInput{Kind: "get-meta", Key: key})
		if err != nil || out.Value != value {
			r.t.Fatalf("%s by node %d over HTTP: %v, %v", key, reader.id, out, err)
		}
		conn, err := dialRedis(r.place, reader.client())
		if err != nil {
			r.t.Fatal(err)
		}
		out, err = conn.do(linearizable.KeyInput{Kind: "get", Key: key})
		conn.close()
		if err != nil || out.Value != value {
			r.t.Fatalf("%s by node %d over the Redis protocol: %v, %v", key, reader.id, out, err)
		}
	}
}
