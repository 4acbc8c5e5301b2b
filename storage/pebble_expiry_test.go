package storage

import (
	"math"
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

func TestDueFor(t *testing.T) {
	const now = 1_700_000_000_123
	for _, ttl := range []int64{-now, -1, 0, 1, 15, 16, 17, 255, 256, 257, 1000, 60_000, 3_600_000, 1 << 40, 1 << 60} {
		due := dueFor(now+ttl, now)
		if late, most := due-(now+ttl), max(minDueStep, ttl/16); late < 0 || late > most {
			t.Errorf("a value that lives %d ms is looked for %d ms after, want 0 to %d", ttl, late, most)
		}
	}
	for _, expiresAt := range []int64{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 - 1<<50} {
		if due := dueFor(expiresAt, now); due < expiresAt {
			t.Errorf("a value that expires at %d is looked for at %d", expiresAt, due)
		}
	}
	// A key that is refreshed all the time has few notes at any one time.
	for _, ttl := range []int64{1000, 30 * 60_000, 100 * 86_400_000} {
		notes := make(map[int64]bool)
		for at := int64(now); at < now+ttl; at += ttl / 1000 {
			notes[dueFor(at+ttl, at)] = true
		}
		if len(notes) > 33 {
			t.Errorf("a key refreshed for as long as it lives, %d ms, has %d notes", ttl, len(notes))
		}
	}
}

func TestRefreshedKeyHasFewNotes(t *testing.T) {
	engine, err := openGo(Config{Logger: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	e := engine.(*GoStorageEngine)
	for range 2000 {
		if _, err := e.Put([]byte("k"), []byte("v"), WriteOptions{ExpiresAt: Now() + 3_600_000}); err != nil {
			t.Fatal(err)
		}
	}
	iter, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte{expirySpace}, UpperBound: []byte{expirySpace + 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer iter.Close()
	n := 0
	for ok := iter.First(); ok; ok = iter.Next() {
		n++
	}
	if n < 1 || n > 2 {
		t.Fatalf("there are %d notes of one key", n)
	}
}
