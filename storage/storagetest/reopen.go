package storagetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var reopenTests = []test{
	{"ReopenKeepsEverything", testReopenKeeps},
	{"ReopenGoesOnWithVersions", testReopenVersions},
	{"ReopenFindsExpired", testReopenExpired},
	{"ReopenOfMuch", testReopenMuch},
	{"ReopenKeepsModifications", testReopenModified},
}

func testReopenKeeps(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	put(t, e, "k", "v")
	put(t, e, "empty", "")
	put(t, e, "overwritten", "1")
	put(t, e, "overwritten", "2")
	put(t, e, "deleted", "v")
	remove(t, e, "deleted")
	far := inMillis(3_600_000)
	putExpiring(t, e, "expiring", "v", far)
	var batch storage.Batch
	ok(t, batch.Put([]byte("\x00\xff"), []byte("\xff\x00"), 0))
	ok(t, batch.Put([]byte("large"), filler(2<<20, 1), 0))
	write(t, e, &batch)
	before := collectNow(t, e, storage.Range{})
	for range 3 {
		ok(t, e.Close())
		e = b.open(t, dir)
		after := collectNow(t, e, storage.Range{})
		wantEntries(t, "after opening again", after, before)
		for i := range after {
			if after[i].meta != before[i].meta {
				t.Fatalf("%s has meta %+v after opening again, had %+v", show(after[i].key), after[i].meta, before[i].meta)
			}
		}
		wantAbsent(t, e, "deleted")
	}
	if got := metaOf(t, e, "expiring"); got.ExpiresAt != far {
		t.Fatalf("the expiry is %d, was %d", got.ExpiresAt, far)
	}
	ok(t, e.Close())
}

func testReopenVersions(t *testing.T, b *bench) {
	dir := b.dir(t)
	var last uint64
	for i := range 5 {
		e := b.open(t, dir)
		if got := stats(t, e).LastVersion; got < last {
			t.Fatalf("LastVersion fell from %d to %d", last, got)
		}
		for range 3 {
			version := put(t, e, "k", fmt.Sprint(i))
			if version <= last {
				t.Fatalf("version %d follows %d", version, last)
			}
			last = version
		}
		ok(t, e.Close())
	}
}

// testReopenExpired lets values expire while nobody has them open, and waits
// for them to be reclaimed without a read.
func testReopenExpired(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	soon := inMillis(300)
	putExpiring(t, e, "stays", "v", inMillis(3_600_000))
	for i := range 10 {
		putExpiring(t, e, fmt.Sprintf("key-%d", i), "v", soon)
	}
	ok(t, e.Close())
	waitPast(soon)
	e = b.engineIn(t, dir)
	eventually(t, "what expired before is reclaimed", func() bool { return stats(t, e).Expired == 10 })
	wantAbsent(t, e, "key-3")
	wantValue(t, e, "stays", "v")
}

func testReopenMuch(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	n := scaled(100_000)
	var entries []entry
	for i := range n {
		entries = append(entries, entry{key: fmt.Sprintf("key-%08d", i), value: string(filler(300, uint64(i)))})
	}
	load(t, e, entries)
	ok(t, e.Close())
	e = b.engineIn(t, dir)
	wantEntries(t, "after opening again", collectNow(t, e, storage.Range{}), entries)
}

// testReopenModified also writes longer records than their places turn out to need.
func testReopenModified(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if _, _, err := e.Modify(nil, []byte("n"), increment(1), storage.WriteOptions{}); err != nil {
					t.Error(err)
				}
				suffix := storage.Modification{Kind: storage.Append, Value: []byte("abc")}
				if _, _, err := e.Modify(nil, []byte("a"), suffix, storage.WriteOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	put(t, e, "t", "v")
	modify(t, e, "t", storage.Modification{Kind: storage.Take}, 0)
	for range 2 {
		ok(t, e.Close())
		e = b.open(t, dir)
		wantValue(t, e, "n", "200")
		wantValue(t, e, "a", strings.Repeat("abc", 200))
		wantAbsent(t, e, "t")
	}
	ok(t, e.Close())
}
