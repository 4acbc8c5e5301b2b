package redis

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// dialCluster is a connection to the port for clients that know the cluster.
func (n *testNode) dialCluster() *testConn {
	t := n.cluster.t
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go n.ServeClusterConn(accepted)
	return newTestConn(t, conn)
}

func (n *testNode) moved(key string, leader cluster.NodeID) replyError {
	return replyError(n.routing.movedTo(cluster.Slot([]byte(key)), leader).Error())
}

func TestClientsThatAskEachNodeGetItsOwn(t *testing.T) {
	c := newTestCluster(t, 2, 4)
	plain := c.nodes[0].dial(t)
	for number := range 50 {
		for shard := range 4 {
			plain.want("OK", "SET", c.keyIn(shard, number), "v")
		}
	}
	plain.want(int64(200), "DBSIZE")
	found := map[string]int{}
	for _, n := range c.nodes {
		conn := n.dialCluster()
		conn.want(int64(100), "DBSIZE")
		if keys := conn.do("KEYS", "*").([]any); len(keys) != 100 {
			t.Errorf("KEYS gives %d keys, want the 100 of the node's shards", len(keys))
		}
		keys, _ := conn.walk("COUNT", "7")
		for key, times := range keys {
			found[key] += times
		}
	}
	for number := range 50 {
		for shard := range 4 {
			if key := c.keyIn(shard, number); found[key] != 1 {
				t.Errorf("the scans of all nodes give %s %d times", key, found[key])
			}
		}
	}
	c.move(0, 1)
	c.move(2, 1)
	alone := c.nodes[0].dialCluster()
	alone.want(int64(0), "DBSIZE")
	alone.want([]any{"0", []any{}}, "SCAN", "0")
}

func TestScanGoesOnInShardsThatAreLedElsewhere(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn := c.nodes[0].dialCluster()
	for number := range 20 {
		conn.want("OK", "SET", c.keyIn(0, number), "v")
	}
	first := conn.do("SCAN", "0", "COUNT", "5").([]any)
	c.move(0, 1)
	rest := conn.do("SCAN", first[0].(string), "COUNT", "100").([]any)
	if n := len(first[1].([]any)) + len(rest[1].([]any)); n != 20 || rest[0] != "0" {
		t.Errorf("%d keys, then the cursor %v; want 20, and the end", n, rest[0])
	}
}

func TestPipelineIsSentAwayAsAWhole(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn, key := c.nodes[0].dialCluster(), c.keyIn(1, 0)
	conn.want(c.nodes[0].moved(key, 2), "SET", key, "v")
	// The shard comes here while the pipeline is carried out.
	pipeline := fmt.Sprintf("SET %s v\r\nDEBUG SLEEP 0.2\r\nGET %s\r\n", key, key)
	conn.write(pipeline)
	time.Sleep(100 * time.Millisecond)
	c.move(1, 0)
	conn.wantNext(c.nodes[0].moved(key, 2))
	conn.wantNext("OK")
	conn.wantNext(c.nodes[0].moved(key, 2))
	conn.want(nil, "GET", key)
}

func TestNobodyIsSentToWhoDoesNotServeYet(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn, key := c.nodes[0].dialCluster(), c.keyIn(1, 0)
	// This node takes the other one for the leader, which has not told that it is.
	c.nodes[0].misled.Store(c.nodes[1])
	c.nodes[1].dial(t).want("OK", "SET", c.keyIn(1, 1), "v")
	c.mu.Lock()
	c.leaders[1] = -1
	c.mu.Unlock()
	conn.want("OK", "SET", key, "v")
	conn.want("v", "GET", key)
}

func TestKeysOfASlot(t *testing.T) {
	c := newTestCluster(t, 2, 4)
	conn := c.nodes[0].dial(t)
	for shard := range 4 {
		tag := c.keyIn(shard, 0)
		for i := range 5 {
			conn.want("OK", "SET", fmt.Sprintf("{%s}%d", tag, i), "v")
		}
		conn.want("OK", "SET", c.keyIn(shard, 1), "of another slot")
		slot := fmt.Sprint(cluster.Slot([]byte(tag)))
		conn.want(int64(5), "CLUSTER", "COUNTKEYSINSLOT", slot)
		conn.want([]any{"{" + tag + "}0", "{" + tag + "}1"}, "CLUSTER", "GETKEYSINSLOT", slot, "2")
		conn.want([]any{}, "CLUSTER", "GETKEYSINSLOT", slot, "0")
	}
	conn.want(replyError("ERR Invalid slot"), "CLUSTER", "COUNTKEYSINSLOT", "16384")
	conn.want(replyError("ERR Invalid number of keys"), "CLUSTER", "GETKEYSINSLOT", "0", "-1")
	newTestServer(t).dial(t).want(replyError("ERR This instance has cluster support disabled"), "CLUSTER", "COUNTKEYSINSLOT", "0")
}
