package redis

import (
	"slices"
	"strings"
	"testing"
)

// Each command tells of what Redis tells, be it direct or in a transaction, and of nothing
// if nothing has happened.
func TestStringEvents(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"SET k v", "set k"},
		{"SET k v EX 100", "set k, expire k"},
		{"SET k v NX", ""},
		{"SET new v NX PX 100000", "set new, expire new"},
		{"SET k v XX KEEPTTL", "set k"},
		{"SET k v GET", "set k"},
		{"SETNX new v", "set new"},
		{"SETNX k v", ""},
		{"SETEX k 100 v", "set k, expire k"},
		{"PSETEX k 100 v", "set k, expire k"},
		{"PSETEX k 0 v", ""},
		{"GETSET k v", "set k"},
		{"GETDEL k", "del k"},
		{"GETDEL none", ""},
		{"GETEX k", ""},
		{"GETEX k EX 100", "expire k"},
		{"GETEX k PERSIST", ""},
		{"GETEX t PERSIST", "persist t"},
		{"GETEX k PXAT 1", "del k"},
		{"MSET k v new v", "set k, set new"},
		{"MSETNX k v new v", ""},
		{"MSETNX x v new v", "set x, set new"},
		{"APPEND k v", "append k"},
		{"SETRANGE k 1 v", "setrange k"},
		{`SETRANGE k 1 ""`, ""},
		{"INCR n", "incrby n"},
		{"DECR n", "incrby n"},
		{"DECRBY n 5", "incrby n"},
		{"INCR k", ""},
		{"INCRBYFLOAT n 1", "incrbyfloat n"},
		{"SETBIT k 0 1", "setbit k"},
		{"SETBIT k 0 0", ""},
		{"BITFIELD k SET u8 0 1", "setbit k"},
		{"BITFIELD k SET u8 0 107", ""},
		{"BITFIELD k GET u8 0", ""},
		{"BITFIELD new OVERFLOW FAIL INCRBY u1 0 5", ""},
		{"BITOP NOT new k", "set new"},
		{"BITOP OR k none", "del k"},
		{"BITOP OR new none", ""},
		{"GET k", ""},
		{"MGET k none", ""},
	} {
		events := eventsOf(t, test.command, notifyKeyevent|notifyString|notifyGeneric)
		if events != test.want {
			t.Errorf("%s: told of %q, want %q", test.command, events, test.want)
		}
	}
}

// Who wants to know of new and of missed keys is told by every command.
func TestExistenceEvents(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"SET k v", "set k"},
		{"SET new v", "new new, set new"},
		{"SETNX new v", "new new, set new"},
		{"MSET new v k v other v", "new new, set new, set k, new other, set other"},
		{"MSETNX new v other v", "new new, set new, new other, set other"},
		{"SET new v NX EX 10", "new new, set new, expire new"},
		{"INCR new", "new new, incrby new"},
		{"APPEND new v", "new new, append new"},
		{"SETRANGE new 0 v", "new new, setrange new"},
		{"SETBIT new 0 1", "new new, setbit new"},
		{"BITFIELD new SET u8 0 1", "new new, setbit new"},
		{"BITOP NOT new k", "new new, set new"},
		{"GETSET new v", "keymiss new, new new, set new"},
		{"SET new v GET", "keymiss new, new new, set new"},
		{"GET k", ""},
		{"GET none", "keymiss none"},
		{"MGET k none", "keymiss none"},
		{"STRLEN none", "keymiss none"},
		{"GETBIT none 0", "keymiss none"},
		{"LCS k none", "keymiss none"},
		{"GETDEL none", "keymiss none"},
		{"GETEX none", "keymiss none"},
	} {
		if events := eventsOf(t, test.command, notifyKeyevent|notifyString|notifyGeneric|notifyNew|notifyKeyMiss); events != test.want {
			t.Errorf("%s: told of %q, want %q", test.command, events, test.want)
		}
	}
}

// eventsOf are the events of a command, which are the same alone and in a transaction.
func eventsOf(t *testing.T, command string, classes notifyClass) string {
	t.Helper()
	alone, queued := "", ""
	for _, in := range []struct {
		events   *string
		commands []string
	}{{&alone, []string{command}}, {&queued, []string{"MULTI", command, "EXEC"}}} {
		s := newTestServer(t)
		c := s.detached(t)
		for _, prepare := range []string{"SET k k", "SETEX t 100 t", "SET n 1"} {
			c.sendLine(t, prepare)
		}
		s.notifications.classes.Store(uint32(classes))
		for _, command := range in.commands {
			c.sendLine(t, command)
		}
		*in.events = namesOf(c.request.events)
	}
	if alone != queued {
		t.Errorf("%s: tells alone of %q, in a transaction of %q", command, alone, queued)
	}
	return alone
}

// sendLine executes a command without a connection.
func (c *Client) sendLine(t testing.TB, line string) {
	t.Helper()
	var args [][]byte
	for _, word := range words(t, line) {
		args = append(args, []byte(word))
	}
	c.request.now = c.created
	c.request.events = c.request.events[:0]
	c.execute(args)
}

func namesOf(events []event) string {
	var names []string
	for e := range slices.Values(events) {
		names = append(names, e.name+" "+e.key)
	}
	return strings.Join(names, ", ")
}
