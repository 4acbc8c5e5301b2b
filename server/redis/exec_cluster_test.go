package redis

import "testing"

func TestTransactionsOfOneShard(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn := c.nodes[0].dial(t)
	for node := range c.nodes { // here, and at the peer
		key := c.keyAt(node, 0)
		conn.want("OK", "SET", key, "1")
		conn.want("OK", "WATCH", key)
		conn.want("OK", "MULTI")
		conn.want("QUEUED", "INCR", key)
		conn.want("QUEUED", "ECHO", "later")
		conn.want("QUEUED", "SELECT", "2")
		conn.want("QUEUED", "APPEND", key, "two")
		conn.want("QUEUED", "INCR", key)
		conn.want([]any{int64(2), "later", "OK", int64(3), replyError(errNotInteger)}, "EXEC")
		conn.want("two", "GET", key)
		conn.want("OK", "SELECT", "0")
		conn.want("2", "GET", key)

		conn.want("OK", "WATCH", key)
		c.nodes[1].dial(t).want("OK", "SET", key, "5")
		conn.want("OK", "MULTI")
		conn.want("QUEUED", "SET", key, "lost")
		conn.want(nil, "EXEC")
		conn.want("5", "GET", key)
	}
}

func TestWatchedKeysMoveWithTheirShard(t *testing.T) {
	c := newTestCluster(t, 2, 1)
	conn := c.nodes[0].dial(t)
	conn.want("OK", "SET", "k", "1")
	for node := range c.nodes {
		conn.want("OK", "WATCH", "k")
		c.move(0, 1-node)
		conn.want("OK", "MULTI")
		conn.want("QUEUED", "SET", "k", "2")
		conn.want([]any{"OK"}, "EXEC")
	}
}

func TestTransactionsOfManyShardsAreRefused(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	conn, a, b := c.nodes[0].dial(t), c.keyAt(0, 0), c.keyAt(1, 0)
	conn.want("OK", "MULTI")
	conn.want("QUEUED", "SET", a, "v")
	conn.want("QUEUED", "SET", b, "v")
	conn.want(replyError(errCrossSlot), "EXEC")
	conn.want(nil, "GET", a)
	conn.want("OK", "MULTI")
	conn.want(replyError(errCrossSlot), "MGET", a, b)
	conn.want(replyError(errExecAbort), "EXEC")
	conn.want("OK", "MULTI")
	conn.want(replyError("ERR 'dbsize' cannot be part of a transaction in a cluster"), "DBSIZE")
	conn.want(replyError(errExecAbort), "EXEC")
	conn.want("OK", "MULTI")
	conn.want("QUEUED", "PING")
	conn.want([]any{"PONG"}, "EXEC")
}
