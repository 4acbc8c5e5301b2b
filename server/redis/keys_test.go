package redis

import (
	"fmt"
	"sort"
	"strings"
	"testing"
)

// inBoth runs a test with commands that stand alone, and with each in a transaction of
// MULTI, since many have a second implementation.
func inBoth(t *testing.T, test func(t *testing.T, c *testConn, want func(want any, args ...string))) {
	t.Run("alone", func(t *testing.T) {
		c := newTestServer(t).dial(t)
		test(t, c, c.want)
	})
	t.Run("in EXEC", func(t *testing.T) {
		c := newTestServer(t).dial(t)
		test(t, c, func(want any, args ...string) {
			t.Helper()
			c.want("OK", "MULTI")
			c.want("QUEUED", args...)
			c.want([]any{want}, "EXEC")
		})
	})
}

func TestKeys(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		want("none", "TYPE", "a")
		want(int64(0), "EXISTS", "a")
		want(int64(0), "DEL", "a")
		for _, key := range []string{"a", "b", "c"} {
			want("OK", "SET", key, "value of "+key)
		}
		want("string", "TYPE", "a")
		want(int64(1), "EXISTS", "a")
		want(int64(3), "EXISTS", "a", "none", "b", "a")
		want(int64(2), "TOUCH", "a", "none", "b")
		want(int64(3), "DBSIZE")
		want(int64(1), "DEL", "a")
		want(int64(0), "UNLINK", "a")
		want(int64(2), "UNLINK", "b", "a", "c", "b")
		want(int64(0), "DBSIZE")
		want(nil, "RANDOMKEY")
		want([]any{}, "KEYS", "*")
	})
}

func TestRename(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		want(errNoSuchKey.reply(), "RENAME", "a", "b")
		want(errNoSuchKey.reply(), "RENAME", "a", "a")
		want(errNoSuchKey.reply(), "RENAMENX", "a", "b")
		want("OK", "SET", "a", "1", "PXAT", "9000000000000")
		want("OK", "SET", "b", "2", "PXAT", "8000000000000")
		want("OK", "RENAME", "a", "a")
		want(int64(0), "RENAMENX", "a", "a")
		want(int64(0), "RENAMENX", "a", "b")
		want("OK", "RENAME", "a", "b")
		want(int64(0), "EXISTS", "a")
		want("1", "GET", "b")
		want(int64(9000000000000), "PEXPIRETIME", "b")
		want(int64(1), "RENAMENX", "b", "c")
		want([]any{"c"}, "KEYS", "*")
		want(int64(9000000000), "EXPIRETIME", "c")
		want("OK", "SET", "d", "plain")
		want("OK", "RENAME", "d", "c")
		want(int64(-1), "TTL", "c")
	})
}

func TestCopyAndMove(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		want(int64(0), "COPY", "a", "b")
		want(int64(0), "MOVE", "a", "7")
		want("OK", "SET", "a", "1", "PXAT", "9000000000000")
		want(int64(1), "COPY", "a", "b")
		want(int64(9000000000000), "PEXPIRETIME", "b")
		want(int64(0), "COPY", "a", "b")
		want("OK", "SET", "a", "2")
		want(int64(1), "COPY", "a", "b", "REPLACE")
		want(int64(-1), "TTL", "b")
		want(int64(1), "COPY", "a", "a", "DB", "7")
		want(int64(0), "MOVE", "a", "7")
		want(int64(1), "MOVE", "b", "7")
		want(int64(0), "EXISTS", "b")
		want(errSameObject.reply(), "COPY", "a", "a")
		want(errSameObject.reply(), "COPY", "a", "a", "DB", "7", "DB", "0")
	})
}

func TestCopyErrors(t *testing.T) {
	c := newTestServer(t).dial(t)
	outside := replyError("ERR value is out of range, value must between -2147483648 and 2147483647")
	for number, want := range map[string]any{
		"x": errNotInteger.reply(), "": errNotInteger.reply(), "16": errDBIndex.reply(), "-1": errDBIndex.reply(), "2147483648": outside,
	} {
		c.want(want, "MOVE", "a", number)
		c.want(want, "COPY", "a", "b", "DB", number)
		c.want(want, "SELECT", number)
	}
	c.want(errSameObject.reply(), "MOVE", "a", "0")
	c.want(errSyntax.reply(), "COPY", "a", "b", "DB")
	c.want(errSyntax.reply(), "COPY", "a", "b", "KEEP")
	c.want(replyError("ERR wrong number of arguments for 'copy' command"), "COPY", "a")
}

func (e Error) reply() replyError { return replyError(e) }

func TestFlush(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		for _, number := range []string{"3", "0"} {
			c.want("OK", "SELECT", number)
			want("OK", "SET", "k", number)
		}
		want("OK", "FLUSHDB", "ASYNC")
		want(int64(0), "EXISTS", "k")
		c.want("OK", "SELECT", "3")
		want("3", "GET", "k")
		want("OK", "FLUSHALL", "SYNC")
		want(nil, "GET", "k")
		want(errSyntax.reply(), "FLUSHALL", "LATER")
		want(errSyntax.reply(), "FLUSHDB", "SYNC", "ASYNC")
	})
}

func TestFlushIsSeenByThoseWhoWatch(t *testing.T) {
	s := newTestServer(t)
	c, other := s.dial(t), s.dial(t)
	c.want("OK", "SET", "k", "v")
	for _, key := range []string{"k", "absent"} {
		c.want("OK", "WATCH", key)
		other.want("OK", "FLUSHALL")
		c.want("OK", "MULTI")
		c.want("QUEUED", "PING")
		if got := c.do("EXEC"); (got == nil) != (key == "k") {
			t.Errorf("EXEC after FLUSHALL, which %s was watched through: %v", key, got)
		}
	}
}

func TestObject(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		for value, encoding := range map[string]string{
			"0": "int", "-9223372036854775808": "int", "9223372036854775808": "embstr", "007": "embstr", "": "embstr",
			strings.Repeat("x", 44): "embstr", strings.Repeat("x", 45): "raw",
		} {
			want("OK", "SET", "k", value)
			want(encoding, "OBJECT", "ENCODING", "k")
		}
		want("OK", "SET", "k", "9999")
		want(int64(2147483647), "OBJECT", "REFCOUNT", "k")
		want("OK", "SET", "k", "10000")
		want(int64(1), "OBJECT", "REFCOUNT", "k")
		for _, sub := range []string{"ENCODING", "REFCOUNT", "IDLETIME", "FREQ"} {
			want(nil, "OBJECT", sub, "none")
		}
	})
	c := newTestServer(t).dial(t)
	c.want("OK", "SET", "k", "v")
	c.want(replyError("ERR The time of the last access is not tracked."), "OBJECT", "IDLETIME", "k")
	c.want(replyError("ERR wrong number of arguments for 'object|encoding' command"), "OBJECT", "ENCODING")
	c.want(replyError("ERR unknown subcommand 'NONE'. Try OBJECT HELP."), "OBJECT", "NONE", "k")
	if lines := c.do("OBJECT", "HELP").([]any); len(lines) < 10 {
		t.Errorf("help: %q", lines)
	}
}

func TestRandomKey(t *testing.T) {
	c := newTestServer(t).dial(t)
	for _, keys := range [][]string{{"only"}, {"foo", "bar"}, {"", "\x00", "\x00\x00", "a", "\xff\xff\xff\xff\xff\xff\xff\xff\xff", "prefix/a", "prefix/b"}} {
		c.want("OK", "FLUSHALL")
		var want []string
		for _, key := range keys {
			if key != "" {
				c.want("OK", "SET", key, "v")
				want = append(want, key)
			}
		}
		seen := map[string]bool{}
		for range 500 {
			seen[c.do("RANDOMKEY").(string)] = true
		}
		var got []string
		for key := range seen {
			got = append(got, key)
		}
		sort.Strings(got)
		sort.Strings(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
