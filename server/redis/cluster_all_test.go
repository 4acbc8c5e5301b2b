package redis

import (
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

func TestCommandsOnAllShards(t *testing.T) {
	c := newTestCluster(t, 3, 5)
	var want []string
	for shard := range c.dbs {
		for i := range 7 {
			key := c.keyIn(shard, i)
			c.nodes[0].dial(t).want("OK", "SET", key, "v")
			want = append(want, key)
		}
	}
	slices.Sort(want)
	for i := range c.nodes {
		conn := c.nodes[i].dial(t)
		conn.want(int64(len(want)), "DBSIZE")
		if keys := texts(conn.do("KEYS", "*")); !slices.Equal(keys, want) {
			t.Errorf("KEYS: %q, want %q", keys, want)
		}
		var scanned []string
		cursor := "0"
		for {
			reply := conn.do("SCAN", cursor, "COUNT", "3").([]any)
			scanned = append(scanned, texts(reply[1])...)
			if cursor = reply[0].(string); cursor == "0" {
				break
			}
		}
		if slices.Sort(scanned); !slices.Equal(scanned, want) {
			t.Errorf("SCAN: %q, want %q", scanned, want)
		}
		if key, _ := conn.do("RANDOMKEY").(string); !slices.Contains(want, key) {
			t.Errorf("RANDOMKEY: %q", key)
		}
		conn.want(replyError("ERR SWAPDB is not allowed in a cluster"), "SWAPDB", "0", "1")
	}
	c.nodes[0].dial(t).want("OK", "FLUSHDB")
	for _, db := range c.dbs {
		for key := range db.Scan(rangeOf("*")).All() {
			t.Errorf("FLUSHDB left %q", key)
		}
	}
}

func texts(reply any) []string {
	var list []string
	for _, text := range reply.([]any) {
		list = append(list, text.(string))
	}
	slices.Sort(list)
	return list
}

func TestMessagesReachAllNodes(t *testing.T) {
	c := newTestCluster(t, 3, 1)
	var listeners []*testConn
	for i := range c.nodes {
		l := c.nodes[i].dial(t)
		l.want([]any{"subscribe", "news", int64(1)}, "SUBSCRIBE", "news")
		listeners = append(listeners, l)
	}
	publisher := c.nodes[1].dial(t)
	for _, text := range []string{"1", "2", "3"} {
		publisher.want(int64(1), "PUBLISH", "news", text)
	}
	for _, l := range listeners {
		for _, text := range []string{"1", "2", "3"} {
			l.wantNext([]any{"message", "news", text})
		}
	}
}

func TestClientsThatKnowTheClusterAreRedirected(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn, key := c.nodes[0].dial(t), c.keyAt(1, 0)
	conn.want("OK", "SET", key, "v")
	slots := conn.do("CLUSTER", "SLOTS").([]any)
	if len(slots) != 2 || slots[0].([]any)[0] != int64(0) || slots[1].([]any)[1] != int64(cluster.SlotCount-1) {
		t.Errorf("CLUSTER SLOTS: %v", slots)
	}
	slot := cluster.Slot([]byte(key))
	moved := replyError(c.nodes[0].routing.movedTo(slot, 2).Error())
	conn.want(moved, "GET", key)
	conn.want("OK", "CONFIG", "SET", "cluster-redirect", "never")
	conn.want("v", "GET", key)
	conn.want("OK", "CONFIG", "SET", "cluster-redirect", "always")
	c.nodes[0].dial(t).want(moved, "GET", key)
	conn.want(int64(slot), "CLUSTER", "KEYSLOT", key)
	alone := newTestServer(t).dial(t)
	alone.want(replyError("ERR This instance has cluster support disabled"), "CLUSTER", "INFO")
}

func TestPeerThatDies(t *testing.T) {
	c := newTestCluster(t, 2, 1)
	c.move(0, 1)
	conn := c.nodes[0].dial(t)
	conn.want("OK", "SET", "k", "v")
	c.nodes[1].endPeers()
	go func() {
		time.Sleep(300 * time.Millisecond)
		c.move(0, 0)
	}()
	conn.want("v", "GET", "k")
	conn.want(int64(2), "APPEND", "k", "w")
}
