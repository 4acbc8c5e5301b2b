//go:build linux

package clustertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// longestWrite is what a cluster takes at most at once, as docs/cluster.md says.
const longestWrite = 32 << 20

// TestLongestWrite: a write that is longer than a cluster takes is refused by every node, whoever
// leads the shard, over both protocols, and the error names the limit; and the longest one is done.
func TestLongestWrite(t *testing.T) {
	limit := fmt.Sprint(longestWrite)
	put := linearizable.KeyInput{Kind: "put", Key: "long", Value: strings.Repeat("v", longestWrite)}
	r := newCluster(t, &loopback{}, 3)
	for _, n := range r.nodes {
		if _, err := r.client(n.client()).do(put); err == nil || !strings.HasPrefix(err.Error(), "413 ") || !strings.Contains(err.Error(), limit) {
			t.Errorf("node %d, over HTTP: %v", n.id, err)
		}
		conn, err := dialRedis(r.place, n.client())
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.do(put)
		conn.close()
		if err == nil || !strings.HasPrefix(err.Error(), "ERR ") || !strings.Contains(err.Error(), limit) {
			t.Errorf("node %d, over the Redis protocol: %v", n.id, err)
		}
	}

	// By one node alone, since other nodes have elections meanwhile on a machine that is slow.
	r = newCluster(t, &shifted{by: 3}, 1)
	put.Value = put.Value[:len(put.Value)-1<<10] // less what comes with it
	client := r.client(r.nodes[0].client())
	r.await("write of the longest value", func() error {
		_, err := client.do(put)
		return err
	})
	r.await("read of the longest value", func() error {
		out, err := client.do(linearizable.KeyInput{Kind: "get-meta", Key: put.Key})
		if err == nil && out.Value != put.Value {
			err = fmt.Errorf("%d bytes came back", len(out.Value))
		}
		return err
	})
}
