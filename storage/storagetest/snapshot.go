package storagetest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var snapshotTests = []test{
	{"SnapshotIsFrozen", testSnapshotFrozen},
	{"SnapshotsOfManyMoments", testSnapshotsOfMoments},
	{"SnapshotOutlivesReclaim", testSnapshotOutlivesReclaim},
	{"SnapshotClosed", testSnapshotClosed},
	{"SnapshotFromManyGoroutines", testSnapshotShared},
}

func testSnapshotFrozen(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "overwritten", "1")
	put(t, e, "deleted", "1")
	put(t, e, "batched", "1")
	put(t, e, "deleted by batch", "1")
	s := snapshot(t, e)
	defer s.Close()
	version := s.Version()

	put(t, e, "overwritten", "2")
	put(t, e, "overwritten", "3")
	remove(t, e, "deleted")
	put(t, e, "new", "2")
	putIfAbsent(t, e, "new if absent", "2", 0)
	var batch storage.Batch
	ok(t, batch.Put([]byte("batched"), []byte("2"), 0))
	ok(t, batch.Delete([]byte("deleted by batch")))
	ok(t, batch.Put([]byte("new by batch"), []byte("2"), 0))
	write(t, e, &batch)

	want := []entry{
		{key: "batched", value: "1"}, {key: "deleted", value: "1"},
		{key: "deleted by batch", value: "1"}, {key: "overwritten", value: "1"},
	}
	for range 2 {
		for _, w := range want {
			wantValueAt(t, s, w.key, w.value)
		}
		for _, key := range []string{"new", "new if absent", "new by batch"} {
			wantAbsentAt(t, s, key)
		}
		wantEntries(t, "scan", collect(t, s, storage.Range{}), want)
		slices.Reverse(want)
		wantEntries(t, "reverse scan", collect(t, s, storage.Range{Reverse: true}), want)
		slices.Reverse(want)
		if s.Version() != version {
			t.Fatalf("the version moved from %d to %d", version, s.Version())
		}
	}
	wantValue(t, e, "overwritten", "3")
	wantAbsent(t, e, "deleted")
}

// testSnapshotsOfMoments keeps several snapshots open while the same keys
// change, closes them in no order, and compares each with what was true then.
func testSnapshotsOfMoments(t *testing.T, b *bench) {
	e := b.engine(t)
	state := make(map[string]string)
	type moment struct {
		snap storage.Snapshot
		want map[string]string
	}
	var moments []moment
	for i := range 300 {
		key := fmt.Sprintf("key-%d", i*7%20)
		if i%5 == 4 {
			remove(t, e, key)
			delete(state, key)
		} else {
			put(t, e, key, fmt.Sprint(i))
			state[key] = fmt.Sprint(i)
		}
		if i%10 == 0 {
			moments = append(moments, moment{snapshot(t, e), maps.Clone(state)})
		}
		if i%30 == 29 { // from the middle
			j := len(moments) / 2
			ok(t, moments[j].snap.Close())
			moments = slices.Delete(moments, j, j+1)
		}
		for _, m := range moments {
			got, _, err := m.snap.AppendGetMeta(nil, []byte(key))
			if want, exists := m.want[key]; exists != (err == nil) || exists && string(got) != want {
				t.Fatalf("at step %d a snapshot of version %d has %s = %q, %v, want %q, %v", i, m.snap.Version(), key, got, err, want, exists)
			}
		}
	}
	for _, m := range moments {
		wantEntries(t, "scan", collect(t, m.snap, storage.Range{}), sortedEntries(m.want))
		ok(t, m.snap.Close())
	}
}

func sortedEntries(m map[string]string) []entry {
	var entries []entry
	for _, key := range slices.Sorted(maps.Keys(m)) {
		entries = append(entries, entry{key: key, value: m[key]})
	}
	return entries
}

// testSnapshotOutlivesReclaim deletes and overwrites under a snapshot, long
// enough for the engine to reclaim whatever it thinks it can.
func testSnapshotOutlivesReclaim(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(2000)
	var batch storage.Batch
	for i := range n {
		ok(t, batch.Put(fmt.Appendf(nil, "key-%06d", i), filler(500, uint64(i)), 0))
	}
	write(t, e, &batch)
	s := snapshot(t, e)
	defer s.Close()
	batch.Reset()
	for i := range n {
		ok(t, batch.Delete(fmt.Appendf(nil, "key-%06d", i)))
	}
	write(t, e, &batch)
	for round := range 20 {
		batch.Reset()
		for i := range n {
			ok(t, batch.Put(fmt.Appendf(nil, "key-%06d", i), filler(500, uint64(n+round+i)), 0))
		}
		write(t, e, &batch)
	}
	got := collect(t, s, storage.Range{})
	if len(got) != n {
		t.Fatalf("the snapshot has %d entries left of %d", len(got), n)
	}
	for i := range got {
		sameBytes(t, got[i].key, []byte(got[i].value), filler(500, uint64(i)))
	}
}

func testSnapshotClosed(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "k", "v")
	s := snapshot(t, e)
	other := snapshot(t, e)
	version := s.Version()
	c, err := s.Scan(storage.Range{})
	ok(t, err)
	ok(t, c.Close())
	ok(t, s.Close())
	ok(t, s.Close())
	got, _, err := s.AppendGetMeta([]byte("dst"), []byte("k"))
	wantErr(t, "AppendGetMeta of a closed snapshot", err, storage.ErrClosed)
	sameBytes(t, "dst", got, []byte("dst"))
	_, err = s.Scan(storage.Range{})
	wantErr(t, "Scan of a closed snapshot", err, storage.ErrClosed)
	if s.Version() != version {
		t.Fatalf("a closed snapshot's version is %d, was %d", s.Version(), version)
	}
	wantValueAt(t, other, "k", "v")
	ok(t, other.Close())
	wantValue(t, e, "k", "v")
}

// testSnapshotShared reads one snapshot from many goroutines, and closes it
// under them.
func testSnapshotShared(t *testing.T, b *bench) {
	e := b.engine(t)
	for i := range 100 {
		put(t, e, fmt.Sprintf("key-%02d", i), fmt.Sprint(i))
	}
	s := snapshot(t, e)
	var wg sync.WaitGroup
	started := make(chan struct{}, 8)
	for g := range 8 {
		wg.Go(func() {
			started <- struct{}{}
			for i := g; ; i++ {
				got, _, err := s.AppendGetMeta(nil, fmt.Appendf(nil, "key-%02d", i%100))
				if isClosed(t, err) {
					return
				}
				if string(got) != fmt.Sprint(i%100) {
					t.Errorf("key-%02d is %q", i%100, got)
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	for range 10 {
		if got := collect(t, s, storage.Range{}); len(got) != 100 {
			t.Fatalf("a scan yields %d entries, want 100", len(got))
		}
	}
	ok(t, s.Close())
	wg.Wait()
}
