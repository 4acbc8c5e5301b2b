package storagetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// durabilityTests hold in memory and on disk alike.
var durabilityTests = []test{
	{"DurabilityOfEachWrite", testDurabilityOfEachWrite},
	{"DurabilityThatDoesNotExist", testDurabilityUnknown},
	{"SyncUnderWrites", testSyncUnderWrites},
}

// durableTests need a directory.
var durableTests = []test{
	{"ReopenAtEachDurability", testReopenAtEachDurability},
	{"CheckpointWhileWriting", testCheckpointWhileWriting},
	{"CheckpointOfEachDurability", testCheckpointOfEachDurability},
	{"CheckpointGoesItsOwnWay", testCheckpointGoesItsOwnWay},
	{"CheckpointRefusesPlaces", testCheckpointRefuses},
	{"DirectoryIsLocked", testDirectoryLocked},
	{"DirectoryOfAnotherEngine", testDirectoryOfAnother},
	{"StatsOfTheDisk", testStatsOfTheDisk},
}

// levels are all that a write may have.
var levels = []storage.Durability{
	storage.DurabilityDefault, storage.DurabilitySync, storage.DurabilityBuffered, storage.DurabilityMemory,
}

// writeAt writes one entry in each way there is, at a level, under keys that
// begin with a name.
func writeAt(t testing.TB, e storage.Engine, level storage.Durability, name string) {
	t.Helper()
	o := storage.WriteOptions{Durability: level}
	_, err := e.Put([]byte(name+"-put"), []byte(name), o)
	ok(t, err)
	_, stored, err := e.PutIfAbsent([]byte(name+"-if-absent"), []byte(name), o)
	ok(t, err)
	if !stored {
		t.Fatalf("%s-if-absent was not stored", name)
	}
	_, err = e.Put([]byte(name+"-deleted"), []byte(name), o)
	ok(t, err)
	_, err = e.Delete([]byte(name+"-deleted"), o)
	ok(t, err)
	var batch storage.Batch
	ok(t, batch.Put([]byte(name+"-batch-1"), []byte(name), 0))
	ok(t, batch.Put([]byte(name+"-batch-2"), []byte(name), 0))
	_, err = e.Write(&batch, o)
	ok(t, err)
}

// wantWritten expects what writeAt left.
func wantWritten(t testing.TB, e storage.Engine, name string) {
	t.Helper()
	for _, part := range []string{"put", "if-absent", "batch-1", "batch-2"} {
		wantValue(t, e, name+"-"+part, name)
	}
	wantAbsent(t, e, name+"-deleted")
}

func testDurabilityOfEachWrite(t *testing.T, b *bench) {
	e := b.engine(t)
	for _, level := range levels {
		writeAt(t, e, level, level.String())
		wantWritten(t, e, level.String())
	}
	ok(t, e.SyncLog())
	ok(t, e.Sync())
	for _, level := range levels {
		wantWritten(t, e, level.String())
	}
	want := storage.DurabilitySync
	if !b.onDisk {
		want = storage.DurabilityMemory
	}
	if got := stats(t, e).Durability; got != want {
		t.Fatalf("the level of the engine is %v, want %v", got, want)
	}
}

func testDurabilityUnknown(t *testing.T, b *bench) {
	e := b.engine(t)
	o := storage.WriteOptions{Durability: 4}
	_, err := e.Put([]byte("k"), nil, o)
	wantErr(t, "Put", err, storage.ErrInvalidOptions)
	_, _, err = e.PutIfAbsent([]byte("k"), nil, o)
	wantErr(t, "PutIfAbsent", err, storage.ErrInvalidOptions)
	_, err = e.Delete([]byte("k"), o)
	wantErr(t, "Delete", err, storage.ErrInvalidOptions)
	var batch storage.Batch
	ok(t, batch.Put([]byte("k"), nil, 0))
	_, err = e.Write(&batch, o)
	wantErr(t, "Write", err, storage.ErrInvalidOptions)
	wantAbsent(t, e, "k")
}

func testSyncUnderWrites(t *testing.T, b *bench) {
	e := b.engine(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range scaled(200) {
				key := fmt.Appendf(nil, "%d-%d", g, i)
				if _, err := e.Put(key, key, storage.WriteOptions{Durability: levels[(g+i)%len(levels)]}); err != nil {
					t.Error(err)
				}
				if i%20 == 0 {
					if err := e.Sync(); err != nil {
						t.Error(err)
					}
				}
				if i%20 == 10 {
					if err := e.SyncLog(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	ok(t, e.Sync())
	if n := len(collectNow(t, e, storage.Range{})); n != 8*scaled(200) {
		t.Fatalf("%d entries, want %d", n, 8*scaled(200))
	}
}

// testReopenAtEachDurability: a clean end loses nothing, whatever the level.
func testReopenAtEachDurability(t *testing.T, b *bench) {
	dir := b.dir(t)
	for round, level := range levels {
		e := b.open(t, dir)
		for _, earlier := range levels[:round] {
			wantWritten(t, e, earlier.String())
		}
		writeAt(t, e, level, level.String())
		ok(t, e.Close())
	}
	e := b.engineIn(t, dir)
	for _, level := range levels {
		wantWritten(t, e, level.String())
	}
}

// testCheckpointWhileWriting takes checkpoints under writers that count. What a
// writer was told before a checkpoint began is in it, and of what it wrote later
// a beginning without gaps; batches are whole.
func testCheckpointWhileWriting(t *testing.T, b *bench) {
	const writers = 8
	e := b.engine(t)
	var acknowledged [writers]atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			o := storage.WriteOptions{Durability: levels[w%len(levels)]}
			for i := 1; !stop.Load(); i++ {
				var batch storage.Batch
				for part := range 2 {
					if err := batch.Put(fmt.Appendf(nil, "%d/%08d/%d", w, i, part), filler(200, uint64(i)), 0); err != nil {
						t.Error(err)
					}
				}
				if _, err := e.Write(&batch, o); err != nil {
					t.Error(err)
					return
				}
				acknowledged[w].Store(int64(i))
				if w%len(levels) > 1 {
					time.Sleep(100 * time.Microsecond) // or there is too much to look at
				}
			}
		})
	}
	defer wg.Wait()
	defer stop.Store(true)
	for round := range max(2, scaled(8)) {
		time.Sleep(20 * time.Millisecond)
		var before [writers]int64
		for w := range before {
			before[w] = acknowledged[w].Load()
		}
		dir := filepath.Join(b.dir(t), "new", fmt.Sprint(round))
		ok(t, e.Checkpoint(dir))
		wantPrefixes(t, b.engineIn(t, dir), before[:])
	}
}

// wantPrefixes expects of each writer at least its first so many batches, all
// whole, and no gap in what is there.
func wantPrefixes(t *testing.T, e storage.Engine, least []int64) {
	t.Helper()
	parts := make([]map[int]int, len(least))
	for w := range parts {
		parts[w] = make(map[int]int)
	}
	for _, entry := range collectNow(t, e, storage.Range{}) {
		var w, i, part int
		if _, err := fmt.Sscanf(entry.key, "%d/%d/%d", &w, &i, &part); err != nil {
			t.Fatalf("a key %q that nobody wrote", entry.key)
		}
		sameBytes(t, entry.key, []byte(entry.value), filler(200, uint64(i)))
		parts[w][i]++
	}
	for w, batches := range parts {
		if int64(len(batches)) < least[w] {
			t.Fatalf("%d batches of writer %d are there, and %d were acknowledged", len(batches), w, least[w])
		}
		for i := 1; i <= len(batches); i++ {
			if batches[i] != 2 {
				t.Fatalf("writer %d has %d batches, and of batch %d %d of 2 parts", w, len(batches), i, batches[i])
			}
		}
	}
}

func testCheckpointOfEachDurability(t *testing.T, b *bench) {
	e := b.engine(t)
	for _, level := range levels {
		writeAt(t, e, level, level.String())
		dir := filepath.Join(b.dir(t), "checkpoint")
		ok(t, e.Checkpoint(dir))
		copied := b.engineIn(t, dir)
		wantWritten(t, copied, level.String())
		wantEntries(t, "of the checkpoint", collectNow(t, copied, storage.Range{}), collectNow(t, e, storage.Range{}))
	}
}

// testCheckpointGoesItsOwnWay: what is written to the one does not show in the
// other, and the copy outlives the original.
func testCheckpointGoesItsOwnWay(t *testing.T, b *bench) {
	original := b.dir(t)
	e := b.open(t, original)
	n := scaled(20_000)
	var entries []entry
	for i := range n {
		entries = append(entries, entry{key: fmt.Sprintf("key-%08d", i), value: string(filler(300, uint64(i)))})
	}
	load(t, e, entries)
	empty := b.dir(t) // one that exists
	ok(t, e.Checkpoint(empty))
	before := stats(t, e).LastVersion
	copied := b.open(t, empty)
	for i := range n {
		remove(t, e, entries[i].key)
		if i == 10 {
			break
		}
	}
	put(t, e, "original", "v")
	if version := put(t, copied, "copied", "v"); version <= before {
		t.Fatalf("version %d of the copy follows %d of the original", version, before)
	}
	wantAbsent(t, copied, "original")
	wantAbsent(t, e, "copied")
	ok(t, e.Close())
	ok(t, os.RemoveAll(original))
	remove(t, copied, "copied")
	wantEntries(t, "of the copy", collectNow(t, copied, storage.Range{}), entries)
	ok(t, copied.Close())
	wantEntries(t, "of the copy, opened again", collectNow(t, b.engineIn(t, empty), storage.Range{}), entries)
}

func testCheckpointRefuses(t *testing.T, b *bench) {
	original := b.dir(t)
	e := b.engineIn(t, original)
	put(t, e, "k", "v")
	inUse := b.dir(t)
	ok(t, os.WriteFile(filepath.Join(inUse, "mine"), nil, 0o600))
	file := filepath.Join(b.dir(t), "file")
	ok(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{"", inUse, original, filepath.Join(original, "within"), file, filepath.Join(file, "below")} {
		if err := e.Checkpoint(dir); err == nil {
			t.Fatalf("a checkpoint went to %q", dir)
		}
	}
	wantErr(t, "in use", e.Checkpoint(inUse), storage.ErrInvalidOptions)
	if left, err := os.ReadDir(inUse); err != nil || len(left) != 1 {
		t.Fatalf("%d files, %v", len(left), err)
	}
	// None of that is a failure of the engine.
	put(t, e, "k", "w")
	ok(t, e.Checkpoint(filepath.Join(b.dir(t), "good")))
}

func testDirectoryLocked(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	_, err := storage.Open(storage.Config{Engine: e.Name(), Dir: dir})
	wantErr(t, "opening it twice", err, storage.ErrLocked)
	put(t, e, "k", "v")
	ok(t, e.Close())
	wantValue(t, b.engineIn(t, dir), "k", "v")
}

func testDirectoryOfAnother(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	name := e.Name()
	ok(t, e.Close())
	other := map[string]string{storage.EngineGo: storage.EngineRust, storage.EngineRust: storage.EngineGo}[name]
	_, err := storage.Open(storage.Config{Engine: other, Dir: dir})
	if errors.Is(err, storage.ErrEngineNotBuilt) {
		t.Skip(err)
	}
	wantErr(t, "opening it with the other engine", err, storage.ErrWrongEngine)
}

func testStatsOfTheDisk(t *testing.T, b *bench) {
	dir := b.dir(t)
	e := b.open(t, dir)
	for i := range 100 {
		put(t, e, fmt.Sprint(i), string(filler(1000, uint64(i))))
	}
	got := stats(t, e)
	if got.DirtyBytes+got.FlushedBytes < 100*1000 || got.Syncs == 0 || got.LogBytes == 0 && got.Segments == 0 {
		t.Fatalf("after 100 synced values of 1000 bytes: %+v", got)
	}
	syncs := got.Syncs
	for i := range 100 {
		_, err := e.Put(fmt.Append(nil, i), nil, storage.WriteOptions{Durability: storage.DurabilityBuffered})
		ok(t, err)
	}
	if got = stats(t, e); got.Syncs > syncs+20 {
		t.Fatalf("100 buffered writes took %d syncs", got.Syncs-syncs)
	}
	ok(t, e.Close())
}
