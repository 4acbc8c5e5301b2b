package redis

import (
	"testing"
	"time"
)

func TestSetReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{"SET k v", "OK"},
		{"GET k", "v"},
		{`SET k "\x00\r\n"`, "OK"},
		{"GET k", "\x00\r\n"},
		{"SET k w NX", nil},
		{"SET none w XX", nil},
		{"SET k w XX", "OK"},
		{"SET k x GET", "w"},
		{"SET new x GET", nil},
		{"GET new", "x"},
		{"SET k y NX GET", "x"},
		{"GET k", "x"},
		{"SET fresh y NX GET", nil},
		{"GET fresh", "y"},
		{"SET absent y XX GET", nil},
		{"GET absent", nil},
		{"SET k z nx xx", syntax},
		{"SET k z EX", syntax},
		{"SET k z EX 10 PX 10", syntax},
		{"SET k z EX 10 KEEPTTL", syntax},
		{"SET k z KEEPTTL EX 10", syntax},
		{"SET k z PERSIST", syntax},
		// What is wrong with the form comes before what is wrong with a number.
		{"SET k z EX abc bogus", syntax},
		{"SET k z EX abc", notInteger},
		{"SET k z EX 0", invalidExpiry("set")},
		{"SET k z EX 9223372036854775807", invalidExpiry("set")},
		{"SET k z EX 9223372036854775", invalidExpiry("set")},
		{"SET k z PXAT -1", invalidExpiry("set")},
		{"GET k", "x"},
		{"SET k z EX 10 EX 20", "OK"},
		{"SET k gone PXAT 1", "OK"},
		{"GET k", nil},
		{"SET", wrongArity("set")},
		{"SET k", wrongArity("set")},
	})
}

func TestSetFamilyReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{"SETNX k v", 1},
		{"SETNX k w", 0},
		{"GETSET k w", "v"},
		{"GETSET none w", nil},
		{"SETEX k 10 x", "OK"},
		{"SETEX k 0 x", invalidExpiry("setex")},
		{"SETEX k x x", notInteger},
		{"PSETEX k 10000 x", "OK"},
		{"PSETEX k -1 x", invalidExpiry("psetex")},
		{"PSETEX k 9000000000000000000 x", "OK"},
		{"PSETEX k 9223372036854775807 x", invalidExpiry("psetex")},
		{"MSET a 1 b 2 a 3", "OK"},
		{"MGET a b absent k", replies("3", "2", nil, "x")},
		{"MSET a 1 b", wrongArity("mset")},
		{"MSETNX c 1 a 9", 0},
		{"GET c", nil},
		{"MSETNX c 1 d 2 c 3", 1},
		{"MGET c d", replies("3", "2")},
		{"MSETNX e 1 f", wrongArity("msetnx")},
	})
}

// Each form of SET leaves the expiry that it says.
func TestSetExpiry(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	far := time.Now().Add(time.Hour).UnixMilli()
	in := func(d time.Duration) int64 { return time.Now().Add(d).UnixMilli() }
	for _, test := range []struct {
		commands []string
		want     int64 // in Unix milliseconds, to a second
	}{
		{[]string{"SET k v"}, 0},
		{[]string{"SET k v EX 100"}, in(100 * time.Second)},
		{[]string{"SET k v PX 100000"}, in(100 * time.Second)},
		{[]string{"SET k v NX PX 100000"}, in(100 * time.Second)},
		{[]string{"SET k v GET PX 100000"}, in(100 * time.Second)},
		{[]string{"SET k v", "SET k v XX EX 100"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v"}, in(100 * time.Second)},
		{[]string{"PSETEX k 100000 v"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "SET k v"}, 0},
		{[]string{"SETEX k 100 v", "SET k v KEEPTTL"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "SET k v GET"}, 0},
		{[]string{"SETEX k 100 v", "GETSET k v"}, 0},
		{[]string{"SETEX k 100 v", "MSET k v"}, 0},
		{[]string{"SETEX k 100 v", "APPEND k v"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "SETRANGE k 3 v"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "SETBIT k 3 1"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "BITFIELD k SET u8 0 1"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "BITOP NOT k k"}, 0},
		{[]string{"SETEX k 100 1", "INCR k"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 1", "INCRBYFLOAT k 1"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "GETEX k"}, in(100 * time.Second)},
		{[]string{"SETEX k 100 v", "GETEX k PERSIST"}, 0},
		{[]string{"SET k v", "GETEX k EX 100"}, in(100 * time.Second)},
		{[]string{"SET k v PXAT 33000000000000"}, 33000000000000},
	} {
		c.do("DEL", "k")
		for _, command := range test.commands {
			c.do(words(t, command)...)
		}
		_, meta, err := s.db.AppendGetMeta(nil, []byte("k"))
		if err != nil {
			t.Errorf("%q: %v", test.commands, err)
			continue
		}
		if difference := meta.ExpiresAt - test.want; difference < -1000 || difference > 20_000 {
			t.Errorf("%q: the value expires at %d, want %d", test.commands, meta.ExpiresAt, test.want)
		}
	}
	// An absolute time is kept to the millisecond, with a condition as well.
	for _, condition := range []string{"NX", "GET", "XX"} {
		c.do("SET", "k", "v")
		if condition == "NX" {
			c.do("DEL", "k")
		}
		c.do("SET", "k", "v", condition, "PXAT", string(appendInt(nil, far)))
		if _, meta, err := s.db.AppendGetMeta(nil, []byte("k")); err != nil || meta.ExpiresAt != far {
			t.Errorf("with %s: the value expires at %d, want %d (%v)", condition, meta.ExpiresAt, far, err)
		}
	}
}
