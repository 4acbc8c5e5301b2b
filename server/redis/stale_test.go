package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/figures"
)

// behind gives a node replicas of its own, which have none of what is written from now on.
func (n *testNode) behind(t *testing.T) {
	t.Helper()
	for _, led := range n.cluster.dbs {
		db, err := mantisdb.Open("", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		for key, value := range led.Scan(mantisdb.Range{}).All() {
			if err := db.Put(key, value); err != nil {
				t.Fatal(err)
			}
		}
		n.replicas = append(n.replicas, db)
	}
}

// staleReads are those of the node since it was asked last.
func (n *testNode) staleReads(last *figures.StaleReads) figures.StaleReads {
	now := n.routing.stale.Sum()
	defer func() { *last = now }()
	return figures.StaleReads{Local: now.Local - last.Local, PassedOn: now.PassedOn - last.PassedOn}
}

// newBehind is a cluster of two nodes, of which the first has replicas in which keys are "old", and
// the leaders have "new" for them. keys are one of each node.
func newBehind(t *testing.T) (c *testCluster, keys []string) {
	c = newTestCluster(t, 2, 2)
	conn := c.nodes[0].dial(t)
	keys = []string{c.keyAt(0, 0), c.keyAt(1, 0)}
	for _, key := range keys {
		conn.want("OK", "SET", key, "old")
	}
	c.nodes[0].behind(t)
	for _, key := range keys {
		conn.want("OK", "SET", key, "new")
	}
	return c, keys
}

func TestReadOnlyClientsReadReplicas(t *testing.T) {
	c, keys := newBehind(t)
	n := c.nodes[0]
	n.age.Store(int64(cluster.DefaultMaxStaleness))
	conn := n.dial(t)
	var last figures.StaleReads
	for _, key := range keys {
		conn.want("new", "GET", key)
	}
	if got := n.staleReads(&last); got != (figures.StaleReads{}) {
		t.Errorf("before READONLY: %+v", got)
	}
	conn.want("OK", "READONLY")
	if info := conn.do("CLIENT", "INFO").(string); !strings.Contains(info, "flags=r ") {
		t.Errorf("CLIENT INFO: %q", info)
	}
	for _, key := range keys {
		conn.want("old", "GET", key)
		conn.want([]any{"old"}, "MGET", key)
		conn.want("ld", "GETRANGE", key, "1", "2")
		conn.want(int64(1), "EXISTS", key)
	}
	if got, want := n.staleReads(&last), (figures.StaleReads{Local: 8}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	conn.want("OK", "READWRITE")
	for _, key := range keys {
		conn.want("new", "GET", key)
	}
	if got := n.staleReads(&last); got != (figures.StaleReads{}) {
		t.Errorf("after READWRITE: %+v", got)
	}
	conn.want("OK", "READONLY")
	conn.want("RESET", "RESET")
	conn.want("new", "GET", keys[0])
}

// What is too old, or not known to the replica, is the leader's to answer: by the way on which other
// clients reach it.
func TestReadOnlyClientsAreBroughtToLeaders(t *testing.T) {
	c, keys := newBehind(t)
	n := c.nodes[0]
	var last figures.StaleReads
	for name, client := range map[string]*testConn{"a plain port": n.dial(t), "the port for clusters": n.dialCluster()} {
		n.age.Store(int64(cluster.DefaultMaxStaleness + time.Nanosecond))
		client.want("OK", "READONLY")
		client.want("new", "GET", keys[0])
		if name == "a plain port" {
			client.want("new", "GET", keys[1])
		} else {
			client.want(n.moved(keys[1], 2), "GET", keys[1])
		}
		if got, want := n.staleReads(&last), (figures.StaleReads{PassedOn: 2}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		n.age.Store(1)
		client.want("old", "GET", keys[1])
		if got, want := n.staleReads(&last), (figures.StaleReads{Local: 1}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	n.age.Store(1)
	conn := n.dial(t)
	conn.want("OK", "SELECT", "7")
	conn.want("OK", "SET", keys[0], "seven")
	conn.want("OK", "READONLY")
	conn.want("seven", "GET", keys[0]) // the replica has no database 7
	if got, want := n.staleReads(&last), (figures.StaleReads{PassedOn: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	n.replicas[0].Close()
	n.replicas[1].Close()
	conn.want("OK", "SELECT", "0")
	conn.want("new", "GET", keys[0])
	if got, want := n.staleReads(&last), (figures.StaleReads{PassedOn: 1}); got != want {
		t.Errorf("of a replica that is closed: %+v, want %+v", got, want)
	}
	n.replicas = c.dbs
	conn.want("new", "GET", keys[0])
	if got, want := n.staleReads(&last), (figures.StaleReads{Local: 1}); got != want {
		t.Errorf("of a replica that is another one: %+v, want %+v", got, want)
	}
}

// Writes, and what is read for a write, are of the newest.
func TestReadOnlyClientsWriteUponTheNewest(t *testing.T) {
	c, keys := newBehind(t)
	n := c.nodes[0]
	n.age.Store(1)
	conn := n.dial(t)
	conn.want("OK", "READONLY")
	for _, key := range keys {
		conn.want(int64(4), "APPEND", key, "!")
		conn.want("old", "GET", key)
		conn.want("OK", "WATCH", key)
		conn.want("OK", "MULTI")
		conn.want("QUEUED", "GET", key)
		conn.want([]any{"new!"}, "EXEC")
		conn.want("OK", "WATCH", key)
		c.nodes[1].dial(t).want("OK", "SET", key, "newer")
		conn.want("OK", "MULTI")
		conn.want("QUEUED", "SET", key, "lost")
		conn.want(nil, "EXEC")
	}
	conn.want(int64(2), "DBSIZE")
}

func TestPipelinesOfReadOnlyClients(t *testing.T) {
	c, keys := newBehind(t)
	n := c.nodes[0]
	var last figures.StaleReads
	pipeline := command("GET", keys[0]) + command("GET", keys[1]) + command("GET", "absent") + command("SET", keys[0], "newer") + command("GET", keys[0])
	for name, conn := range map[string]*testConn{"a plain port": n.dial(t), "the port for clusters": n.dialCluster()} {
		conn.want("OK", "READONLY")
		n.age.Store(1)
		conn.write(pipeline)
		for _, want := range []any{"old", "old", nil, "OK", "old"} {
			conn.wantNext(want)
		}
		if got, want := n.staleReads(&last), (figures.StaleReads{Local: 4}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if runs := n.get.snapshot(); runs.Failed != 0 {
			t.Errorf("%s: %+v", name, runs)
		}
	}
	n.age.Store(0)
	conn := n.dial(t)
	conn.want("OK", "READONLY")
	conn.write(command("GET", keys[0]) + command("GET", keys[0]))
	conn.wantNext("newer")
	conn.wantNext("newer")
	if got, want := n.staleReads(&last), (figures.StaleReads{PassedOn: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestInfoTellsOfStaleReads(t *testing.T) {
	c, keys := newBehind(t)
	conn := c.nodes[0].dial(t)
	conn.want("OK", "READONLY")
	conn.want("new", "GET", keys[0])
	c.nodes[0].age.Store(1)
	conn.want("old", "GET", keys[0])
	conn.want("old", "GET", keys[0])
	if text := conn.do("INFO", "cluster").(string); !strings.Contains(text, "stale_reads_local:2\r\nstale_reads_passed_on:1\r\n") {
		t.Errorf("INFO: %q", text)
	}
}
