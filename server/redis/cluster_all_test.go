package redis

import (
	"slices"
	"strings"
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

// TestOtherClusterIsNotReached has a node of another cluster be at the address of a node: no message and no
// write comes there.
func TestOtherClusterIsNotReached(t *testing.T) {
	for _, numbers := range [][]string{{"0123456789abcdef", "fedcba9876543210"}, {"0123456789abcdef", ""}, {"", "fedcba9876543210"}} {
		c := newTestCluster(t, 2, 2, numbers...)
		key := c.keyAt(1, 0)
		listener := c.nodes[1].dial(t)
		listener.want([]any{"subscribe", "news", int64(1)}, "SUBSCRIBE", "news")
		c.nodes[0].dial(t).want(int64(0), "PUBLISH", "news", "of another cluster")
		c.nodes[0].dial(t).want(replyError(errUnknown.Error()), "SET", key, "v")
		there := c.nodes[1].dial(t)
		there.want(nil, "GET", key)
		there.want(int64(1), "PUBLISH", "news", "of this one")
		listener.wantNext([]any{"message", "news", "of this one"})
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

// Clients that know the cluster give up if a slot is told of nobody.
func TestSlotsAreToldWhileNobodyLeads(t *testing.T) {
	c := newTestCluster(t, 3, 2)
	c.move(1, -1)
	conn := c.nodes[2].dial(t)
	next := int64(0)
	for _, entry := range conn.do("CLUSTER", "SLOTS").([]any) {
		of := entry.([]any)
		if of[0] != next || len(of) != 3 || of[2].([]any)[2] != nodeName(1) {
			t.Errorf("CLUSTER SLOTS: %v, want it to begin with %d and to be served by node 1", of, next)
		}
		next = of[1].(int64) + 1
	}
	if next != cluster.SlotCount {
		t.Errorf("CLUSTER SLOTS tells of %d slots", next)
	}
	if nodes := conn.do("CLUSTER", "NODES").(string); !strings.Contains(nodes, " 0-8191 8192-16383") {
		t.Errorf("CLUSTER NODES: %s", nodes)
	}
	if shards := conn.do("CLUSTER", "SHARDS").([]any); len(shards) != 2 {
		t.Errorf("CLUSTER SHARDS: %v", shards)
	}
	if info := conn.do("CLUSTER", "INFO").(string); !strings.Contains(info, "cluster_state:fail") {
		t.Errorf("CLUSTER INFO: %s", info)
	}
}

func TestMasterOf(t *testing.T) {
	up, away := func(id cluster.NodeID) cluster.Node { return cluster.Node{ID: id, Reachable: true} }, func(id cluster.NodeID) cluster.Node { return cluster.Node{ID: id} }
	for _, test := range []struct {
		name  string
		nodes []cluster.Node
		shard cluster.Shard
		want  cluster.NodeID
	}{
		{"who leads", []cluster.Node{up(1), up(2)}, cluster.Shard{Leader: 2, Replicas: []cluster.NodeID{1, 2}}, 2},
		{"who leads and is silent", []cluster.Node{up(1), away(2)}, cluster.Shard{Leader: 2, Replicas: []cluster.NodeID{1, 2}}, 2},
		{"a replica", []cluster.Node{up(1), up(2), up(3)}, cluster.Shard{Replicas: []cluster.NodeID{2, 3}}, 2},
		{"a replica that can be reached", []cluster.Node{up(1), away(2), up(3)}, cluster.Shard{Replicas: []cluster.NodeID{2, 3}}, 3},
		{"who is asked", []cluster.Node{up(1), away(2)}, cluster.Shard{Replicas: []cluster.NodeID{2, 7}}, 1},
		{"nobody", nil, cluster.Shard{}, 0},
	} {
		layout := &cluster.Topology{Self: 1, Nodes: test.nodes, Shards: []cluster.Shard{test.shard}}
		got := cluster.NodeID(0)
		if n := masterOf(layout, 0); n != nil {
			got = n.ID
		}
		if got != test.want {
			t.Errorf("%s: node %d, want %d", test.name, got, test.want)
		}
	}
}
