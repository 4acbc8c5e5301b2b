package storagetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var statsTests = []test{
	{"StatsCount", testStatsCount},
	{"StatsCountUnderLoad", testStatsUnderLoad},
	{"StatsOfContents", testStatsOfContents},
}

func testStatsCount(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "a", "1")
	put(t, e, "a", "2")
	putIfAbsent(t, e, "b", "1", 0)
	remove(t, e, "a")
	remove(t, e, "none")
	var batch storage.Batch
	ok(t, batch.Put([]byte("c"), []byte("1"), 0))
	ok(t, batch.Put([]byte("d"), []byte("1"), 0))
	ok(t, batch.Delete([]byte("d")))
	write(t, e, &batch)
	got := stats(t, e)
	if got.Engine != e.Name() || got.Puts != 5 || got.Deletes != 3 || got.Batches != 1 {
		t.Fatalf("after 5 puts, 3 deletions and 1 batch: %+v", got)
	}

	before := got
	for _, key := range []string{"b", "none"} {
		_, _ = e.AppendGet(nil, []byte(key))
		_, _, _ = e.AppendGetMeta(nil, []byte(key))
		_, err := e.Has([]byte(key))
		ok(t, err)
	}
	var out storage.Values
	ok(t, e.MultiGet(keysOf("b", "c", "none"), &out))
	got = stats(t, e)
	if got.Gets-before.Gets != 9 || got.GetHits-before.GetHits != 5 {
		t.Fatalf("9 keys were looked up and 5 found; counted %d and %d", got.Gets-before.Gets, got.GetHits-before.GetHits)
	}

	before = got
	s := snapshot(t, e)
	put(t, e, "later", "1")
	later := snapshot(t, e)
	if got := stats(t, e); got.OpenSnapshots != 2 || got.OldestSnapshot != s.Version() || got.WritesFailed {
		t.Fatalf("%d snapshots are open, the oldest of version %d, want 2 and %d", got.OpenSnapshots, got.OldestSnapshot, s.Version())
	}
	ok(t, later.Close())
	collect(t, s, storage.Range{})
	collect(t, s, storage.Range{Reverse: true, KeysOnly: true})
	got = stats(t, e)
	if got.Scans-before.Scans != 2 || got.ScanKeys-before.ScanKeys != 4 {
		t.Fatalf("2 scans yielded 4 entries; counted %d and %d", got.Scans-before.Scans, got.ScanKeys-before.ScanKeys)
	}
	ok(t, s.Close())
	ok(t, s.Close())
	if got := stats(t, e); got.OpenSnapshots != 0 || got.OldestSnapshot != 0 {
		t.Fatalf("%d snapshots are open after all were closed, the oldest of version %d", got.OpenSnapshots, got.OldestSnapshot)
	}
}

func testStatsUnderLoad(t *testing.T, b *bench) {
	e := b.engine(t)
	const goroutines = 8
	n := scaled(1000)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range n {
				key := fmt.Appendf(nil, "%d-%d", g, i)
				if _, err := e.Put(key, key, storage.WriteOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := e.AppendGet(nil, key); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					if _, err := e.Stats(); err != nil {
						t.Error(err)
					}
				}
				if i%2 == 0 {
					if _, err := e.Delete(key, storage.WriteOptions{}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	got := stats(t, e)
	puts, deletes := uint64(goroutines*n), uint64(goroutines*((n+1)/2))
	if got.Puts != puts || got.Gets != puts || got.GetHits != puts || got.Deletes != deletes {
		t.Fatalf("after %d puts, as many reads and %d deletions: %+v", puts, deletes, got)
	}
	if !got.KeysEstimated && got.Keys != puts-deletes {
		t.Fatalf("%d keys, want %d", got.Keys, puts-deletes)
	}
}

func testStatsOfContents(t *testing.T, b *bench) {
	e := b.engine(t)
	empty := stats(t, e)
	if empty.Keys != 0 || empty.Puts != 0 || empty.Gets != 0 || empty.OpenSnapshots != 0 {
		t.Fatalf("an empty engine says %+v", empty)
	}
	const n, size = 20_000, 200
	var entries []entry
	for i := range n {
		entries = append(entries, entry{key: fmt.Sprintf("key-%08d", i), value: string(filler(size, uint64(i)))})
	}
	load(t, e, entries)
	got := stats(t, e)
	if got.KeysEstimated && (got.Keys < n*8/10 || got.Keys > n*12/10) || !got.KeysEstimated && got.Keys != n {
		t.Fatalf("%d keys (estimated: %v), want %d", got.Keys, got.KeysEstimated, n)
	}
	if got.MemoryBytes+got.DiskBytes < n*size/4 {
		t.Fatalf("%d bytes of values are held in %d bytes of memory and %d of disk", n*size, got.MemoryBytes, got.DiskBytes)
	}
	if b.onDisk != (got.DiskBytes > 0) {
		t.Fatalf("%d bytes are on disk", got.DiskBytes)
	}
}
