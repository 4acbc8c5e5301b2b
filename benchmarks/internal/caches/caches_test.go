package caches

import "testing"

func TestEachCacheHoldsWhatItHasRoomFor(t *testing.T) {
	keys := NewKeys(40_000)
	draws := Draw(40_000, 200_000, 0.99, 1)
	for _, name := range Names() {
		c, err := Open(name, keys, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		if err := Fill(c, draws); err != nil {
			t.Fatal(name, err)
		}
		entries, err := c.Entries()
		if err != nil || entries < 9_000 || entries > 10_500 {
			t.Errorf("%s: %d entries, %v", name, entries, err)
		}
		for _, writes := range []bool{false, true} {
			o, err := Run(c, draws, 2, writes)
			if err != nil || o.Operations != 200_000 || o.Hits < o.Lookups/2 {
				t.Errorf("%s: %+v, %v", name, o, err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDrawsFollowZipfsLaw(t *testing.T) {
	seen := map[uint32]int{}
	for _, draw := range Draw(1000, 1_000_000, 0.99, 3) {
		seen[draw&^write]++
	}
	most, writes := 0, 0
	for _, n := range seen {
		most = max(most, n)
	}
	for _, draw := range Draw(1000, 1_000_000, 0.99, 3) {
		writes += int(draw >> 31)
	}
	// The first of a thousand has one part in the sum of 1/r^0.99, which is 7.73.
	if most < 127_000 || most > 132_000 || writes < 248_000 || writes > 252_000 {
		t.Fatalf("the first was drawn %d times, %d are writes", most, writes)
	}
}
