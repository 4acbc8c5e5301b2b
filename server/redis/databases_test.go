package redis

import (
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// drop removes the keyspace of a database, as can be done over HTTP.
func (s *testServer) drop(t *testing.T, name string) {
	t.Helper()
	if err := s.db.DropKeyspace(name); err != nil {
		t.Fatal(err)
	}
}

// TestADroppedDatabaseIsEmpty: who has selected it goes on in one that was made anew.
func TestADroppedDatabaseIsEmpty(t *testing.T) {
	s := newTestServer(t)
	for name, use := range map[string]func(c *testConn){
		"a read": func(c *testConn) { c.want(nil, "GET", "k") },
		"reads in a row": func(c *testConn) {
			c.write(command("GET", "k") + command("GET", "l"))
			c.wantNext(nil)
			c.wantNext(nil)
		},
		"a write": func(c *testConn) { c.want("OK", "SET", "k", "new") },
		"writes in a row": func(c *testConn) {
			c.write(command("SET", "k", "1") + command("SET", "l", "2"))
			c.wantNext("OK")
			c.wantNext("OK")
		},
		"a write with XX":  func(c *testConn) { c.want(nil, "SET", "k", "new", "XX") },
		"a number":         func(c *testConn) { c.want(int64(1), "INCR", "k") },
		"several keys":     func(c *testConn) { c.want([]any{nil, nil}, "MGET", "k", "l") },
		"another database": func(c *testConn) { c.want(int64(0), "MOVE", "k", "4") },
		"a walk":           func(c *testConn) { c.want([]any{"0", []any{}}, "SCAN", "0") },
		"a count":          func(c *testConn) { c.want(int64(0), "DBSIZE") },
		"a watch":          func(c *testConn) { c.want("OK", "WATCH", "k"); c.want("OK", "UNWATCH") },
		"a random key":     func(c *testConn) { c.want(nil, "RANDOMKEY") },
		"to empty it":      func(c *testConn) { c.want("OK", "FLUSHDB") },
		"to empty all":     func(c *testConn) { c.want("OK", "FLUSHALL") },
		"INFO":             func(c *testConn) { c.do("INFO") },
		"a transaction": func(c *testConn) {
			c.want("OK", "MULTI")
			c.want("QUEUED", "SET", "k", "1")
			c.want("QUEUED", "INCR", "k")
			c.want([]any{"OK", int64(2)}, "EXEC")
		},
	} {
		c := s.dial(t)
		c.want("OK", "SELECT", "3")
		c.want("OK", "SET", "k", "old")
		s.drop(t, "redis-3")
		use(c)
		// It is one that can be used from HTTP and by others, too.
		c.want("OK", "SET", "after", name)
		other := s.dial(t)
		other.want("OK", "SELECT", "3")
		other.want(name, "GET", "after")
		ks, err := s.db.Keyspace("redis-3")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if value, err := ks.Get([]byte("after")); err != nil || string(value) != name {
			t.Errorf("%s: %q, %v", name, value, err)
		}
		c.want("OK", "FLUSHDB")
	}
}

// TestADroppedOrderIsThatOfTheNumbers: SWAPDB is undone if what it has stored is dropped.
func TestADroppedOrderIsThatOfTheNumbers(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "SET", "k", "of 0")
	c.want("OK", "SWAPDB", "0", "1")
	c.want(nil, "GET", "k")
	s.drop(t, stateKeyspace)
	c.want("OK", "MULTI")
	c.want("QUEUED", "GET", "k")
	c.want([]any{"of 0"}, "EXEC")
	c.want("of 0", "GET", "k")
	c.want("OK", "SWAPDB", "0", "1")
	c.want(nil, "GET", "k")
}

// TestExpiryIsToldOfADatabaseMadeAnew: followers go on with the new keyspace.
func TestExpiryIsToldOfADatabaseMadeAnew(t *testing.T) {
	s := newTestServer(t)
	c, listener := s.dial(t), s.dial(t)
	c.want("OK", "SELECT", "3")
	c.want("OK", "CONFIG", "SET", "notify-keyspace-events", "Ex")
	listener.want([]any{"subscribe", "__keyevent@3__:expired", int64(1)}, "SUBSCRIBE", "__keyevent@3__:expired")
	s.drop(t, "redis-3")
	c.want("OK", "SET", "k", "v", "PX", "30")
	listener.wantNext([]any{"message", "__keyevent@3__:expired", "k"})
	// That it was dropped is found before others are followed, too.
	c.want("OK", "CONFIG", "SET", "notify-keyspace-events", "")
	s.drop(t, "redis-3")
	c.want("OK", "CONFIG", "SET", "notify-keyspace-events", "Ex")
	c.want("OK", "SET", "k", "v", "PX", "30")
	listener.wantNext([]any{"message", "__keyevent@3__:expired", "k"})
	if _, err := s.db.Keyspace("redis-3"); errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		t.Error(err)
	}
}
