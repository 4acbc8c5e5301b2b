package redis

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// walk is what a whole SCAN gives, how often each key, and in how many calls.
func (c *testConn) walk(options ...string) (keys map[string]int, calls int) {
	c.t.Helper()
	keys = map[string]int{}
	for cursor := "0"; ; {
		reply, ok := c.do(append([]string{"SCAN", cursor}, options...)...).([]any)
		if !ok || len(reply) != 2 {
			c.t.Fatalf("SCAN %s: %v", cursor, reply)
		}
		for _, key := range reply[1].([]any) {
			keys[key.(string)]++
		}
		calls++
		if cursor = reply[0].(string); cursor == "0" {
			return keys, calls
		}
	}
}

// fill stores keys with a prefix and a number from 0 on.
func (s *testServer) fill(t *testing.T, prefix string, n int) {
	t.Helper()
	var b mantisdb.Batch
	for i := range n {
		if err := b.Put([]byte(prefix+strconv.Itoa(i)), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Write(&b); err != nil {
		t.Fatal(err)
	}
}

func TestScan(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	s.fill(t, "key:", 1000)
	s.fill(t, "other:", 1000)
	for _, a := range []struct {
		options     []string
		keys, calls int
	}{
		{nil, 2000, 200},
		{[]string{"COUNT", "2000"}, 2000, 1},
		{[]string{"COUNT", "1999"}, 2000, 2},
		{[]string{"COUNT", "9223372036854775807"}, 2000, 1},
		{[]string{"MATCH", "*1"}, 200, 200},
		{[]string{"MATCH", "key:*"}, 1000, 100}, // of the others nothing is looked at
		{[]string{"match", "key:1??", "count", "5"}, 100, 23},
		{[]string{"MATCH", "key:7"}, 1, 1},
		{[]string{"MATCH", "k\\ey:7"}, 1, 1},
		{[]string{"MATCH", "zzz*"}, 0, 1},
		{[]string{"MATCH", ""}, 0, 1},
		{[]string{"TYPE", "STRING", "COUNT", "500"}, 2000, 4},
		{[]string{"TYPE", "list"}, 0, 1},
		{[]string{"MATCH", "zzz*", "MATCH", "key:*", "COUNT", "1", "COUNT", "1000"}, 1000, 1},
	} {
		keys, calls := c.walk(a.options...)
		if len(keys) != a.keys || calls != a.calls {
			t.Errorf("%q: %d keys in %d calls, want %d in %d", a.options, len(keys), calls, a.keys, a.calls)
		}
		for key, times := range keys {
			if times != 1 {
				t.Errorf("%q: %q came %d times", a.options, key, times)
			}
		}
	}
}

func TestScanErrors(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	s.fill(t, "key:", 100)
	for _, cursor := range []string{"x", "", " 0", "-1", "0x0", "18446744073709551616", "7"} {
		c.want(errInvalidCursor.reply(), "SCAN", cursor)
	}
	for _, options := range [][]string{{"COUNT"}, {"COUNT", "0"}, {"COUNT", "-1"}, {"MATCH"}, {"FOO", "bar"}} {
		c.want(errSyntax.reply(), append([]string{"SCAN", "0"}, options...)...)
	}
	c.want(errNotInteger.reply(), "SCAN", "0", "COUNT", "x")
	// A cursor is its database's.
	cursor := c.do("SCAN", "0").([]any)[0].(string)
	c.want("OK", "SELECT", "1")
	c.want(errInvalidCursor.reply(), "SCAN", cursor)
}

// A cursor may be used again until that was used which came of it.
func TestScanAgain(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	s.fill(t, "key:", 100)
	scan := func(cursor string) (string, string) {
		reply := c.do("SCAN", cursor).([]any)
		return reply[0].(string), fmt.Sprint(reply[1])
	}
	first, _ := scan("0")
	second, keys := scan(first)
	if _, again := scan(first); again != keys {
		t.Errorf("%s, and again %s", keys, again)
	}
	scan(second)
	c.want(errInvalidCursor.reply(), "SCAN", first)
}

// What is there all the time is given exactly once, whatever is written meanwhile.
func TestScanWhileOthersWrite(t *testing.T) {
	s := newTestServer(t)
	s.fill(t, "key:", 2000)
	end := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 3 {
		writer := s.dial(t)
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				key := fmt.Sprintf("key:%d:%d", i%2000, w)
				writer.do("SET", key, "v")
				writer.do("SET", fmt.Sprintf("key:%d", i%2000), strconv.Itoa(i))
				writer.do("DEL", key)
			}
		})
	}
	for range 5 {
		keys, _ := s.dial(t).walk("COUNT", "17")
		for i := range 2000 {
			if times := keys[fmt.Sprintf("key:%d", i)]; times != 1 {
				t.Errorf("key %d came %d times", i, times)
			}
		}
	}
	close(end)
	writers.Wait()
}

func TestScanInExec(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	s.fill(t, "key:", 15)
	for _, args := range [][]string{{"MULTI"}, {"DEL", "key:0"}, {"SET", "new", "v"}, {"SCAN", "0", "COUNT", "100"}, {"KEYS", "key:1?"}, {"DBSIZE"}} {
		c.do(args...)
	}
	replies := c.do("EXEC").([]any)
	if keys := replies[2].([]any)[1].([]any); len(keys) != 15 {
		t.Errorf("SCAN: %q", keys)
	}
	c.want([]any{"key:10", "key:11", "key:12", "key:13", "key:14"}, "KEYS", "key:1?")
	if got := fmt.Sprint(replies[3:]); got != "[[key:10 key:11 key:12 key:13 key:14] 15]" {
		t.Error(got)
	}
}

func TestCursorsAreBounded(t *testing.T) {
	var s cursors
	first := s.add(0, placeInScan{key: "k"}, 0)
	if first == 0 || first > firstCursor {
		t.Errorf("the first cursor is %d", first)
	}
	for range mostCursors {
		s.add(0, placeInScan{key: "k"}, 0)
	}
	if _, ok := s.use(first, 0); ok || len(s.number) != mostCursors || s.oldest.Len() != mostCursors {
		t.Errorf("%d cursors, the first: %v", len(s.number), ok)
	}
	long := strings.Repeat("k", 64<<10)
	for range 1000 {
		s.add(0, placeInScan{key: long}, 0)
	}
	if s.bytes > mostCursorBytes || len(s.number) != s.oldest.Len() || len(s.number) != mostCursorBytes/len(long) {
		t.Errorf("%d cursors of %d bytes", len(s.number), s.bytes)
	}
}

func TestRangeOf(t *testing.T) {
	for pattern, want := range map[string][2]string{
		"": {"", "\x00"}, "*": {"", ""}, "a*": {"a", "b"}, "ab?c": {"ab", "ac"}, "abc": {"abc", "abc\x00"}, "[a": {"", ""},
		`a\*b`: {"a*b", "a*b\x00"}, `a\`: {`a\`, `a\` + "\x00"}, `\a[b]`: {"a", "b"}, "\xff*": {"\xff", ""},
	} {
		if r := rangeOf(pattern); string(r.Start) != want[0] || string(r.End) != want[1] || !r.KeysOnly {
			t.Errorf("%q: %q to %q, want %q", pattern, r.Start, r.End, want)
		}
	}
}
