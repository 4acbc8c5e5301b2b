package redis

import (
	"strings"
	"testing"
)

// listen gives the events of keys from now on, as "event key", those of other databases
// than number 0 with its number.
func (s *testServer) listen(t *testing.T, classes notifyClass) (next func() string) {
	t.Helper()
	c := s.dial(t)
	c.do("PSUBSCRIBE", "__key*")
	if err := s.setNotifications(classes); err != nil {
		t.Fatal(err)
	}
	return func() string {
		message := c.read().([]any)
		key := strings.TrimPrefix(message[2].(string), "__keyspace@")
		return message[3].(string) + " " + strings.Replace(strings.TrimPrefix(key, "0__:"), "__:", ":", 1)
	}
}

func TestEventsOfKeys(t *testing.T) {
	alone := func(c *testConn, args ...string) { c.do(args...) }
	inExec := func(c *testConn, args ...string) { c.do("MULTI"); c.do(args...); c.do("EXEC") }
	const classes = notifyKeyspace | notifyGeneric
	// Of what is new or missed, only transactions tell: without, the engine is asked directly.
	for name, way := range map[string]struct {
		do      func(c *testConn, args ...string)
		classes notifyClass
	}{
		"direct":  {alone, classes},
		"alone":   {alone, classes | notifyNew | notifyKeyMiss},
		"in EXEC": {inExec, classes | notifyNew | notifyKeyMiss},
	} {
		t.Run(name, func(t *testing.T) { testEventsOfKeys(t, way.do, way.classes) })
	}
}

func testEventsOfKeys(t *testing.T, do func(c *testConn, args ...string), classes notifyClass) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "SET", "k", "v")
	c.want("OK", "SET", "x", "v")
	next := s.listen(t, classes)
	dump := string(appendDump(nil, []byte("v")))
	for _, step := range []struct{ command, events string }{
		{"EXPIRE k 100", "expire k"},
		{"PEXPIREAT k 9000000000000 XX", "expire k"},
		{"EXPIRE k 100 NX", ""},
		{"PERSIST k", "persist k"},
		{"PERSIST k", ""},
		{"RENAME k a", "new a, rename_from k, rename_to a"},
		{"RENAMENX a b", "new b, rename_from a, rename_to b"},
		{"RENAME b b", ""},
		{"RENAMENX b x", ""},
		{"COPY b c", "new c, copy_to c"},
		{"COPY b c DB 4", "new 4:c, copy_to 4:c"},
		{"COPY none c", "keymiss none"},
		{"MOVE b 4", "new 4:b, move_from b, move_to 4:b"},
		{"MOVE none 4", ""},
		{"RESTORE r 0 " + dump, "new r, restore r"},
		{"RESTORE r 1 " + dump + " ABSTTL REPLACE", "del r"},
		{"DEL c none", "del c"},
		{"UNLINK x", "del x"},
		{"EXISTS none", "keymiss none"},
		{"TTL none", "keymiss none"},
		{"TYPE none", "keymiss none"},
		{"DUMP none", "keymiss none"},
		{"OBJECT ENCODING none", ""},
		{"RESTORE r 0 " + dump, "new r, restore r"},
		{"EXPIREAT r 1", "del r"},
		{"DEL r", ""},
		{"FLUSHALL", ""},
	} {
		do(c, strings.Split(step.command, " ")...)
		for _, want := range strings.Split(step.events, ", ") {
			existence := strings.HasPrefix(want, "new ") || strings.HasPrefix(want, "keymiss ")
			if want == "" || existence && classes&notifyNew == 0 {
				continue
			}
			if got := next(); got != want {
				t.Fatalf("%q: %q, want %q", step.command, got, want)
			}
		}
	}
}
