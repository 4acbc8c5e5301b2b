package redis

import (
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
)

func TestGetReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{"GET k", nil},
		{"STRLEN k", 0},
		{"GETDEL k", nil},
		{"SET k hello", "OK"},
		{"STRLEN k", 5},
		{"GETDEL k", "hello"},
		{"GET k", nil},
		{"MGET k", replies(nil)},
		{"MGET", wrongArity("mget")},
		{"GETEX k", nil},
		// Without a value, Redis looks at no time.
		{"GETEX k EX 0", nil},
		{"GETEX k EX", syntax},
		{"SET k v", "OK"},
		{"GETEX k EX 0", invalidExpiry("getex")},
		{"GETEX k EX x", notInteger},
		{"GETEX k KEEPTTL", syntax},
		{"GETEX k PERSIST EX 10", syntax},
		{"GETEX k EX 10 PERSIST", syntax},
		{"GETEX k EX 100", "v"},
		{"GETEX k PERSIST", "v"},
		{"GETEX k PXAT 1", "v"},
		{"GETEX k", nil},
	})
}

func TestRangeReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{"GETRANGE k 0 -1", ""},
		{"SET k hello", "OK"},
		{"GETRANGE k 1 3", "ell"},
		{"SUBSTR k 1 3", "ell"},
		{"GETRANGE k -3 -1", "llo"},
		{"GETRANGE k 3 1", ""},
		{"GETRANGE k -1 -3", ""},
		{"GETRANGE k -100 -200", ""},
		{"GETRANGE k -200 -100", "h"},
		{"GETRANGE k 5 9", ""},
		{"GETRANGE k 0 9223372036854775807", "hello"},
		{"GETRANGE k 9223372036854775807 9223372036854775807", ""},
		{"GETRANGE k -9223372036854775808 0", "h"},
		{"GETRANGE k x 1", notInteger},
		{"SETRANGE k 1 ipp", 5},
		{"GET k", "hippo"},
		{"SETRANGE k 7 !", 8},
		{"GET k", "hippo\x00\x00!"},
		{`SETRANGE k 3 ""`, 8},
		{`SETRANGE none 3 ""`, 0},
		{"GET none", nil},
		{"SETRANGE k -1 x", replyError("ERR offset is out of range")},
		{"SETRANGE k x x", notInteger},
		{"SETRANGE k 67108864 x", tooLong},
		{"SETRANGE k 9223372036854775807 x", tooLong},
		{`APPEND a ""`, 0},
		{"GET a", ""},
		{"APPEND a xyz", 3},
		{"APPEND a z", 4},
		{"GET a", "xyzz"},
	})
}

// No command makes a value that is longer than any may be, alone or in a transaction.
func TestLongestValue(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	if err := s.db.Put([]byte("k"), make([]byte, mantisdb.MaxValueLen)); err != nil {
		t.Fatal(err)
	}
	want := []exchange{
		{"APPEND k x", tooLong},
		{"SETRANGE k 67108863 xy", tooLong},
		{"SETBIT k 536870912 1", replyError(errBitOffset)},
		{"BITFIELD k SET u8 536870911 1", tooLong},
		{"STRLEN k", mantisdb.MaxValueLen},
		{"SETRANGE k 67108863 x", mantisdb.MaxValueLen},
		{"GETBIT k 536870911", 0},
	}
	c.converse(want)
	c.converse([]exchange{{"MULTI", "OK"}, {"APPEND k x", "QUEUED"}, {"BITFIELD k SET u8 536870911 1", "QUEUED"}, {"STRLEN k", "QUEUED"}, {"EXEC", replies(tooLong, tooLong, mantisdb.MaxValueLen)}})
	if reply := c.do("LCS", "k", "k"); !strings.Contains(string(reply.(replyError)), "transient memory for LCS exceeds proto-max-bulk-len") {
		t.Errorf("LCS: got %v", reply)
	}
}
