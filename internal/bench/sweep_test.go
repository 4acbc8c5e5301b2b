package bench

import (
	"strings"
	"testing"
)

func TestSweepCountsEachFault(t *testing.T) {
	const keys = 10
	type entry struct{ key, value []byte }
	right := func() (entries []entry) {
		for n := range uint64(keys) {
			entries = append(entries, entry{keyOf(n), valueOf(n, loadGeneration)})
		}
		return entries
	}
	cases := []struct {
		name   string
		spoil  func([]entry) []entry
		want   uint64
		detail string
	}{
		{"nothing wrong", func(e []entry) []entry { return e }, 0, ""},
		{"empty", func([]entry) []entry { return nil }, keys, "does not yield key number 0"},
		{"first missing", func(e []entry) []entry { return e[1:] }, 1, "does not yield key number 0"},
		{"three missing", func(e []entry) []entry { return append(e[:4:4], e[7:]...) }, 3, "does not yield key number 4"},
		{"last missing", func(e []entry) []entry { return e[:keys-1] }, 1, "does not yield key number 9"},
		{"twice", func(e []entry) []entry { return append(e[:3:3], e[2:]...) }, 1, "out of order"},
		// Key 4 comes too early, so that 3 is missing then and late afterwards.
		{"swapped", func(e []entry) []entry { e[3], e[4] = e[4], e[3]; return e }, 2, "does not yield key number 3"},
		{"unknown number", func(e []entry) []entry { return append(e, entry{keyOf(keys), nil}) }, 1, "never written"},
		{"foreign key", func(e []entry) []entry { return append(e, entry{[]byte("x"), nil}) }, 1, "never written"},
		{"torn value", func(e []entry) []entry { e[5].value[99] ^= 1; return e }, 1, "key number 5"},
		{"no value", func(e []entry) []entry { e[5].value = nil; return e }, 1, "key number 5"},
		{"wrong generation", func(e []entry) []entry { e[5].value = valueOf(5, 2); return e }, 1, "generation 2, not of 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var f faults
			s := sweep{ledger: &ledger{keys: keys}, faults: &f}
			for _, e := range c.spoil(right()) {
				s.visit(e.key, e.value)
			}
			s.finish()
			if f.count != c.want {
				t.Errorf("%d faults, want %d (the first: %v)", f.count, c.want, f.first)
			}
			if c.want > 0 && !strings.Contains(f.first.Error(), c.detail) {
				t.Errorf("the first fault is %q, want one about %q", f.first, c.detail)
			}
		})
	}
}
