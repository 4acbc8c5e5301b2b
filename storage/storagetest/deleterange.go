package storagetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var deleteRangeTests = []test{
	{"DeleteRange", testDeleteRange},
	{"DeleteRangeBounds", testDeleteRangeBounds},
	{"DeleteRangeInBatch", testDeleteRangeInBatch},
	{"DeleteRangeAtSnapshots", testDeleteRangeAtSnapshots},
	{"DeleteRangeIsSeenByModify", testDeleteRangeIsSeenByModify},
	{"DeleteRangeConflicts", testDeleteRangeConflicts},
	{"DeleteRangeGivesMemoryBack", testDeleteRangeGivesMemoryBack},
	{"DeleteRangeAtOnce", testDeleteRangeAtOnce},
	{"DeleteRangeManyTimes", testDeleteRangeManyTimes},
}

// deleteRange deletes start <= k < end; "" is unbounded.
func deleteRange(t testing.TB, e storage.Engine, start, end string) uint64 {
	t.Helper()
	var batch storage.Batch
	ok(t, addDeleteRange(&batch, start, end))
	return write(t, e, &batch)
}

func addDeleteRange(batch *storage.Batch, start, end string) error {
	if end == "" {
		return batch.DeleteRange([]byte(start), nil)
	}
	return batch.DeleteRange([]byte(start), []byte(end))
}

func putAll(t testing.TB, e storage.Engine, keys ...string) {
	t.Helper()
	for _, key := range keys {
		put(t, e, key, "of "+key)
	}
}

func wantKeys(t testing.TB, e storage.Engine, what string, keys ...string) {
	t.Helper()
	var want []entry
	for _, key := range keys {
		want = append(want, entry{key: key, value: "of " + key})
		wantValue(t, e, key, "of "+key)
	}
	wantEntries(t, what, collectNow(t, e, storage.Range{}), want)
	for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
		want[i], want[j] = want[j], want[i]
	}
	wantEntries(t, what+", backwards", collectNow(t, e, storage.Range{Reverse: true}), want)
}

func testDeleteRange(t *testing.T, b *bench) {
	e := b.engine(t)
	putAll(t, e, "a", "b", "b1", "c", "d")
	before := stats(t, e)
	version := deleteRange(t, e, "b", "c")
	if version != before.LastVersion+1 {
		t.Errorf("the deletion has version %d, after %d", version, before.LastVersion)
	}
	for _, key := range []string{"b", "b1"} {
		wantAbsent(t, e, key)
	}
	wantKeys(t, e, "a range deleted", "a", "c", "d")
	var out storage.Values
	ok(t, e.MultiGet(keysOf("a", "b", "b1", "c"), &out))
	for i, want := range []bool{true, false, false, true} {
		if _, found := out.At(i); found != want {
			t.Errorf("MultiGet's key %d: found %v", i, found)
		}
	}
	if after := stats(t, e); after.RangeDeletes != before.RangeDeletes+1 || after.Deletes != before.Deletes {
		t.Errorf("counted %d ranges and %d keys", after.RangeDeletes, after.Deletes)
	}
	put(t, e, "b1", "of b1")
	wantKeys(t, e, "written again", "a", "b1", "c", "d")
	deleteRange(t, e, "b1", "b1\x00")
	deleteRange(t, e, "b1", "b1\x00")
	wantKeys(t, e, "deleted twice", "a", "c", "d")
}

func testDeleteRangeBounds(t *testing.T, b *bench) {
	e := b.engine(t)
	putAll(t, e, "\x00", "a", "m", "z", "\xff", "\xff\xff")
	deleteRange(t, e, "", "a")
	wantKeys(t, e, "from the first", "a", "m", "z", "\xff", "\xff\xff")
	deleteRange(t, e, "z", "")
	wantKeys(t, e, "to the last", "a", "m")
	var batch storage.Batch
	for _, r := range []storage.Range{
		{Start: []byte("m"), End: []byte("m")}, {Start: []byte("z"), End: []byte("a")}, {End: []byte{}},
	} {
		ok(t, batch.DeleteRange(r.Start, r.End))
	}
	if batch.Len() != 0 {
		t.Errorf("ranges without keys are %d operations", batch.Len())
	}
	long := make([]byte, storage.MaxKeyLen+1)
	wantErr(t, "a long start", batch.DeleteRange(long, nil), storage.ErrKeyTooLarge)
	wantErr(t, "a long end", batch.DeleteRange(nil, long), storage.ErrKeyTooLarge)
	wantKeys(t, e, "nothing", "a", "m")
	deleteRange(t, e, "", "")
	wantKeys(t, e, "everything")
}

func testDeleteRangeInBatch(t *testing.T, b *bench) {
	e := b.engine(t)
	putAll(t, e, "a", "b", "c")
	var batch storage.Batch
	ok(t, batch.Put([]byte("aa"), []byte("of aa"), 0)) // deleted by what follows
	ok(t, batch.Put([]byte("d"), []byte("of d"), 0))
	ok(t, addDeleteRange(&batch, "a", "c"))
	ok(t, batch.Put([]byte("b"), []byte("of b"), 0))
	ok(t, batch.Delete([]byte("c")))
	before := stats(t, e).LastVersion
	if version := write(t, e, &batch); version != before+5 {
		t.Errorf("a batch of five has version %d, after %d", version, before)
	}
	wantAbsent(t, e, "aa")
	wantKeys(t, e, "a batch with a range", "b", "d")
	if m := metaOf(t, e, "b"); m.Version != before+4 {
		t.Errorf("b has version %d, want %d", m.Version, before+4)
	}
}

func testDeleteRangeAtSnapshots(t *testing.T, b *bench) {
	e := b.engine(t)
	putAll(t, e, "a", "b")
	first := snapshot(t, e)
	defer first.Close()
	deleteRange(t, e, "a", "c")
	second := snapshot(t, e)
	defer second.Close()
	put(t, e, "b", "again")
	third := snapshot(t, e)
	defer third.Close()
	deleteRange(t, e, "", "")
	for range 2 {
		wantValueAt(t, first, "a", "of a")
		wantEntries(t, "the first", collect(t, first, storage.Range{}), []entry{{key: "a", value: "of a"}, {key: "b", value: "of b"}})
		wantAbsentAt(t, second, "a")
		wantAbsentAt(t, second, "b")
		wantEntries(t, "the second", collect(t, second, storage.Range{}), nil)
		wantAbsentAt(t, third, "a")
		wantValueAt(t, third, "b", "again")
		wantEntries(t, "the third", collect(t, third, storage.Range{Reverse: true}), []entry{{key: "b", value: "again"}})
		wantKeys(t, e, "now")
		ok(t, e.Compact())
	}
}

func testDeleteRangeIsSeenByModify(t *testing.T, b *bench) {
	e := b.engine(t)
	for range 3 {
		put(t, e, "n", "41")
		put(t, e, "v", "there")
		deleteRange(t, e, "a", "z")
		ok(t, e.Compact())
		if _, done, err := e.Modify(nil, []byte("n"), storage.Modification{Kind: storage.Increment, By: 1}, storage.WriteOptions{}); err != nil || done.Number != 1 || done.Existed {
			t.Errorf("counted up to %d, it existed: %v, %v", done.Number, done.Existed, err)
		}
		if _, done, err := e.Modify(nil, []byte("v"), storage.Modification{Kind: storage.Take}, storage.WriteOptions{}); err != nil || done.Existed {
			t.Errorf("took what was deleted: %v", err)
		}
		if _, stored := putIfAbsent(t, e, "v", "new", 0); !stored {
			t.Error("PutIfAbsent found what was deleted")
		}
		wantValue(t, e, "v", "new")
	}
}

func testDeleteRangeConflicts(t *testing.T, b *bench) {
	e := b.engine(t)
	for _, compact := range []bool{false, true} {
		for name, read := range map[string]func(*storage.ReadSet, storage.Snapshot) error{
			"key": func(r *storage.ReadSet, s storage.Snapshot) error {
				_, meta, err := s.AppendGetMeta(nil, []byte("m"))
				ok(t, err)
				return r.AddKey([]byte("m"), meta)
			},
			"range": func(r *storage.ReadSet, s storage.Snapshot) error {
				return r.AddRange([]byte("l"), []byte("n"), 0)
			},
		} {
			put(t, e, "m", "v")
			if compact {
				ok(t, e.Compact())
			}
			snap := snapshot(t, e)
			var reads storage.ReadSet
			ok(t, read(&reads, snap))
			deleteRange(t, e, "k", "z")
			var batch storage.Batch
			ok(t, batch.Put([]byte("other"), []byte("v"), 0))
			_, err := snap.WriteIf(&batch, &reads, storage.WriteOptions{})
			wantErr(t, "a write on a deleted "+name, err, storage.ErrConflict)
			ok(t, snap.Close())
		}
	}
}

func testDeleteRangeGivesMemoryBack(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(20_000)
	var batch storage.Batch
	for i := range n {
		ok(t, batch.Put(fmt.Appendf(nil, "gone/%08d", i), filler(100, uint64(i)), 0))
	}
	write(t, e, &batch)
	put(t, e, "kept", "v")
	snap := snapshot(t, e)
	deleteRange(t, e, "gone/", "gone0")
	if got := len(collect(t, snap, storage.Range{})); got != n+1 {
		t.Errorf("a snapshot of before has %d entries, want %d", got, n+1)
	}
	ok(t, snap.Close())
	eventually(t, "the keys are gone from the count", func() bool {
		ok(t, e.Compact())
		return stats(t, e).Keys <= 1
	})
	wantValue(t, e, "kept", "v")
}

// testDeleteRangeAtOnce: readers see all keys of a batch and of a deletion, or none.
func testDeleteRangeAtOnce(t *testing.T, b *bench) {
	e := b.engine(t)
	const keys = 20
	var all storage.Batch
	var names [][]byte
	for i := range keys {
		names = append(names, fmt.Appendf(nil, "k%02d", i))
		ok(t, all.Put(names[i], []byte("v"), 0))
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var out storage.Values
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := e.MultiGet(names, &out); err != nil {
					t.Error(err)
					return
				}
				found := 0
				for i := range keys {
					if _, ok := out.At(i); ok {
						found++
					}
				}
				if n := len(collectNow(t, e, storage.Range{})); (found != 0 && found != keys) || (n != 0 && n != keys) {
					t.Errorf("MultiGet saw %d of %d keys, a scan %d", found, keys, n)
					return
				}
			}
		})
	}
	for i := range scaled(1000) {
		write(t, e, &all)
		if i%3 == 0 {
			// Both together are nothing that a reader could see.
			var both storage.Batch
			for _, name := range names[:keys/2] {
				ok(t, both.Put(name, []byte("never"), 0))
			}
			ok(t, addDeleteRange(&both, "k", "l"))
			write(t, e, &both)
		} else {
			deleteRange(t, e, "k", "l")
		}
	}
	close(stop)
	readers.Wait()
}

// testDeleteRangeManyTimes: many deletions in force at once, which a snapshot holds
// up, stay exact.
func testDeleteRangeManyTimes(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(2000)
	for i := range n {
		put(t, e, fmt.Sprintf("%06d", i), "v")
	}
	snap := snapshot(t, e)
	defer snap.Close()
	for i := 0; i+1 < n; i += 2 {
		deleteRange(t, e, fmt.Sprintf("%06d", i), fmt.Sprintf("%06d", i+1))
	}
	if got := len(collectNow(t, e, storage.Range{})); got != n/2 {
		t.Errorf("%d keys are left, want %d", got, n/2)
	}
	if got := len(collect(t, snap, storage.Range{})); got != n {
		t.Errorf("the snapshot has %d keys, want %d", got, n)
	}
	wantAbsent(t, e, "000000")
	wantValue(t, e, "000001", "v")
}
