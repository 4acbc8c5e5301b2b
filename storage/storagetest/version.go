package storagetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var versionTests = []test{
	{"VersionsGrow", testVersionsGrow},
	{"VersionsGrowUnderRaces", testVersionsUnderRaces},
	{"SnapshotSeesUpToItsVersion", testSnapshotVersionExact},
}

func metaOf(t testing.TB, e storage.Engine, key string) storage.Meta {
	t.Helper()
	_, meta, err := e.AppendGetMeta(nil, []byte(key))
	ok(t, err)
	return meta
}

func testVersionsGrow(t *testing.T, b *bench) {
	e := b.engine(t)
	last := stats(t, e).LastVersion
	grew := func(what string, version uint64) {
		t.Helper()
		if version <= last {
			t.Fatalf("%s has version %d, after %d", what, version, last)
		}
		last = version
		if got := stats(t, e).LastVersion; got != last {
			t.Fatalf("LastVersion is %d after %s returned %d", got, what, last)
		}
		s := snapshot(t, e)
		defer s.Close()
		if s.Version() != last {
			t.Fatalf("a snapshot has version %d after %s returned %d", s.Version(), what, last)
		}
	}
	grew("Put", put(t, e, "a", "1"))
	if got := metaOf(t, e, "a"); got.Version != last {
		t.Fatalf("the value has version %d, Put returned %d", got.Version, last)
	}
	grew("Put over it", put(t, e, "a", "2"))
	grew("Delete", remove(t, e, "a"))
	grew("Delete of nothing", remove(t, e, "none"))
	version, _ := putIfAbsent(t, e, "a", "3", 0)
	grew("PutIfAbsent", version)
	var batch storage.Batch
	for _, key := range []string{"a", "b", "c"} {
		ok(t, batch.Put([]byte(key), []byte("4"), 0))
	}
	before := last
	grew("Write", write(t, e, &batch))
	prev := before
	for _, key := range []string{"a", "b", "c"} {
		meta := metaOf(t, e, key)
		if meta.Version <= prev {
			t.Fatalf("the batch's write of %q has version %d, after %d", key, meta.Version, prev)
		}
		prev = meta.Version
	}
	if prev != last {
		t.Fatalf("the batch's last write has version %d, Write returned %d", prev, last)
	}
	for _, got := range collectNow(t, e, storage.Range{}) {
		if want := metaOf(t, e, got.key); got.meta != want {
			t.Fatalf("a scan yields %+v for %q, a read %+v", got.meta, got.key, want)
		}
	}
}

// testVersionsUnderRaces has several writers of a few keys: in the end each key
// must hold the write that has its greatest version.
func testVersionsUnderRaces(t *testing.T, b *bench) {
	e := b.engine(t)
	const writers, keys = 4, 3
	type newest struct {
		version uint64
		value   string
	}
	var won [writers][keys]newest
	seen := make([]map[uint64]bool, writers)
	var wg sync.WaitGroup
	for w := range writers {
		seen[w] = make(map[uint64]bool)
		wg.Go(func() {
			var last uint64
			for i := range scaled(2000) {
				k := i % keys
				key, value := fmt.Appendf(nil, "key-%d", k), fmt.Sprintf("%d-%d", w, i)
				version, err := e.Put(key, []byte(value), storage.WriteOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if version <= last {
					t.Errorf("version %d follows %d in one goroutine", version, last)
				}
				last = version
				seen[w][version] = true
				won[w][k] = newest{version, value}
			}
		})
	}
	wg.Wait()
	all := make(map[uint64]bool)
	for _, versions := range seen {
		for version := range versions {
			if all[version] {
				t.Fatalf("two writes have version %d", version)
			}
			all[version] = true
		}
	}
	for k := range keys {
		var want newest
		for w := range writers {
			if won[w][k].version > want.version {
				want = won[w][k]
			}
		}
		key := fmt.Sprintf("key-%d", k)
		wantValueOnce(t, e, key, want.value)
		if got := metaOf(t, e, key); got.Version != want.version {
			t.Fatalf("%s has version %d, its newest write had %d", key, got.Version, want.version)
		}
	}
}

// snapshotsUntil takes snapshots without a pause while writes are under way, and
// keeps one of each few versions.
func snapshotsUntil(t *testing.T, e storage.Engine, done <-chan struct{}) (snaps []storage.Snapshot) {
	var kept uint64
	for {
		select {
		case <-done:
			return snaps
		default:
		}
		s := snapshot(t, e)
		if s.Version() < kept+20 {
			ok(t, s.Close())
			continue
		}
		kept = s.Version()
		snaps = append(snaps, s)
	}
}

// testSnapshotVersionExact takes snapshots while new keys are written, and
// compares what each sees with the versions that the writers were told.
func testSnapshotVersionExact(t *testing.T, b *bench) {
	e := b.engine(t)
	const writers = 3
	n := scaled(1000)
	if b.onDisk {
		n = scaled(200)
	}
	versions := make([][]uint64, writers)
	var wg sync.WaitGroup
	for w := range writers {
		versions[w] = make([]uint64, n)
		wg.Go(func() {
			for i := range n {
				var err error
				versions[w][i], err = e.Put(fmt.Appendf(nil, "%d-%06d", w, i), []byte("v"), storage.WriteOptions{})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	snaps := snapshotsUntil(t, e, done)
	for _, s := range snaps {
		visible := make(map[string]uint64)
		for _, got := range collect(t, s, storage.Range{}) {
			visible[got.key] = got.meta.Version
		}
		for w := range writers {
			for i, version := range versions[w] {
				key := fmt.Sprintf("%d-%06d", w, i)
				got, sees := visible[key]
				if sees != (version <= s.Version()) || sees && got != version {
					t.Fatalf("a snapshot of version %d sees %s of version %d: %v", s.Version(), key, version, sees)
				}
			}
		}
		ok(t, s.Close())
	}
}
