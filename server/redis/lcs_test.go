package redis

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestLCSReplies(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.converse([]exchange{
		{"MSET a ohmytext b mynewtext", "OK"},
		{"LCS a b", "mytext"},
		{"LCS a b LEN", 6},
		// Of several that are the longest, Redis finds this one.
		{"MSET x ab y ba", "OK"},
		{"LCS x y", "b"},
		{"LCS y x", "a"},
		{"LCS a none", ""},
		{"LCS none none LEN", 0},
		{"LCS a none IDX", replies("matches", replies(), "len", 0)},
		{"LCS a b IDX", replies("matches", replies(replies(replies(4, 7), replies(5, 8)), replies(replies(2, 3), replies(0, 1))), "len", 6)},
		{"LCS a b idx minmatchlen 4 withmatchlen", replies("matches", replies(replies(replies(4, 7), replies(5, 8), 4)), "len", 6)},
		{"LCS a b IDX MINMATCHLEN -4", replies("matches", replies(replies(replies(4, 7), replies(5, 8)), replies(replies(2, 3), replies(0, 1))), "len", 6)},
		{"LCS a b LEN IDX", replyError("ERR If you want both the length and indexes, please just use IDX.")},
		{"LCS a b MINMATCHLEN", syntax},
		{"LCS a b MINMATCHLEN x", notInteger},
		{"LCS a b bogus", syntax},
		{"LCS a", wrongArity("lcs")},
	})
}

// The common bytes are a subsequence of both strings, as long as none is longer, and the
// matches are the same bytes.
func TestLCSOfRandomStrings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := randomBytes(random, 12, 3), randomBytes(random, 12, 3)
		table, err := newLCSTable(a, b)
		if err != nil {
			t.Fatal(err)
		}
		common := table.common()
		if !isSubsequence(common, a) || !isSubsequence(common, b) || len(common) != longestCommon(a, b) || table.length() != len(common) {
			t.Fatalf("%q and %q have %q, of a length of %d", a, b, common, table.length())
		}
		var matched []byte
		for _, m := range table.matches(0) {
			if !bytes.Equal(a[m.a:m.a+m.length], b[m.b:m.b+m.length]) {
				t.Fatalf("%q and %q: %v is no match", a, b, m)
			}
			matched = append(bytes.Clone(a[m.a:m.a+m.length]), matched...)
		}
		if !bytes.Equal(matched, common) {
			t.Fatalf("%q and %q: the matches are %q, the common bytes %q", a, b, matched, common)
		}
	}
}

func randomBytes(random *rand.Rand, longest, kinds int) []byte {
	bytes := make([]byte, random.IntN(longest+1))
	for i := range bytes {
		bytes[i] = 'a' + byte(random.IntN(kinds))
	}
	return bytes
}

func isSubsequence(part, whole []byte) bool {
	for _, c := range whole {
		if len(part) > 0 && part[0] == c {
			part = part[1:]
		}
	}
	return len(part) == 0
}

// longestCommon tries everything.
func longestCommon(a, b []byte) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0
	case a[0] == b[0]:
		return 1 + longestCommon(a[1:], b[1:])
	}
	return max(longestCommon(a[1:], b), longestCommon(a, b[1:]))
}
