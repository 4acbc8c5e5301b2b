package mantisdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/storage"
)

// eachEngineReopened opens a directory with each engine, by a function that may be
// called again once the database of before was closed.
func eachEngineReopened(t *testing.T, test func(t *testing.T, open func() *mantisdb.DB)) {
	for _, engine := range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		t.Run(engine, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			test(t, func() *mantisdb.DB { return openEngine(t, dir, engine) })
		})
	}
}

func TestKeyspacesAfterRestart(t *testing.T) {
	eachEngineReopened(t, func(t *testing.T, open func() *mantisdb.DB) {
		db := open()
		if index, err := db.AppliedIndex(); index != nil || err != nil {
			t.Errorf("a new database has the applied index %q, %v", index, err)
		}
		options := mantisdb.KeyspaceOptions{TTL: time.Hour}
		kept := createKeyspace(t, db, "kept", options)
		dropped := createKeyspace(t, db, "dropped", mantisdb.KeyspaceOptions{})
		cache := createKeyspace(t, db, "cache", mantisdb.KeyspaceOptions{MemoryOnly: true})
		key := []byte("k")
		for _, ks := range []*mantisdb.Keyspace{kept, dropped, cache} {
			ok(t, ks.Put(key, []byte(ks.Name())))
		}
		var batch mantisdb.Batch
		ok(t, batch.In(cache).Put([]byte("together"), nil))
		ok(t, batch.Put([]byte("together"), nil))
		ok(t, batch.SetAppliedIndex([]byte{}))
		if batch.Len() != 2 {
			t.Errorf("a batch of two writes and an index has the length %d", batch.Len())
		}
		ok(t, db.Write(&batch))
		ok(t, db.DropKeyspace("dropped"))
		ok(t, db.Sync()) // what is of memory only, too
		ok(t, db.Close())

		db = open()
		if index, err := db.AppliedIndex(); index == nil || len(index) != 0 || err != nil {
			t.Errorf("the applied index is %q, %v, want an empty one", index, err)
		}
		kept = openKeyspace(t, db, "kept")
		if kept.Options() != options {
			t.Errorf("the options are %+v after a restart", kept.Options())
		}
		if all := text(t, kept.Scan(mantisdb.Range{})); all != `"k"=kept` {
			t.Errorf("the keyspace has %s after a restart", all)
		}
		if all := text(t, db.Scan(mantisdb.Range{})); all != `"together"=` {
			t.Errorf("the default keyspace has %s after a restart", all)
		}
		cache = openKeyspace(t, db, "cache")
		if all := text(t, cache.Scan(mantisdb.Range{})); all != "" {
			t.Errorf("the keyspace of memory only has %s after a restart", all)
		}
		_, err := db.Keyspace("dropped")
		wantErr(t, "Keyspace", err, mantisdb.ErrKeyspaceNotFound)
		again := createKeyspace(t, db, "dropped", mantisdb.KeyspaceOptions{})
		if all := text(t, again.Scan(mantisdb.Range{})); all != "" {
			t.Errorf("a keyspace that was made anew has %s", all)
		}
		stats, err := db.Stats()
		ok(t, err)
		if !stats.KeysEstimated && stats.Keys != 2 {
			t.Errorf("Stats tell of %d keys, want 2", stats.Keys)
		}
		ok(t, db.Close())
	})
}

// TestMemoryOnlyBesideOthers: a batch across keyspaces is as durable as asked, a write to
// one of memory only waits for nothing.
func TestMemoryOnlyBesideOthers(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{Durability: mantisdb.DurabilitySync}, func(t *testing.T, db *mantisdb.DB) {
		cache := createKeyspace(t, db, "cache", mantisdb.KeyspaceOptions{MemoryOnly: true})
		key, value := []byte("k"), []byte("v")
		write := func(fill func(b *mantisdb.Batch) error) error {
			var batch mantisdb.Batch
			return errors.Join(fill(&batch), db.Write(&batch))
		}
		for what, c := range map[string]struct {
			write func() error
			syncs bool
		}{
			"Put": {func() error {
				return cache.PutWith(key, value, mantisdb.WriteOptions{Durability: mantisdb.DurabilitySync})
			}, false},
			"Delete":      {func() error { return cache.Delete(key) }, false},
			"DeleteRange": {func() error { return cache.DeleteRange(mantisdb.Range{}) }, false},
			"Increment":   {func() error { _, err := cache.Increment([]byte("n"), 1); return err }, false},
			"a batch":     {func() error { return write(func(b *mantisdb.Batch) error { return b.In(cache).Put(key, value) }) }, false},
			"a transaction": {func() error {
				return db.Update(func(tx *mantisdb.Tx) error { return tx.In(cache).Put(key, value) })
			}, false},
			"a batch across": {func() error {
				return write(func(b *mantisdb.Batch) error { return errors.Join(b.In(cache).Put(key, value), b.Put(key, value)) })
			}, true},
			"a batch with an index": {func() error {
				return write(func(b *mantisdb.Batch) error {
					return errors.Join(b.In(cache).Put(key, value), b.SetAppliedIndex(value))
				})
			}, true},
			"a transaction across": {func() error {
				return db.Update(func(tx *mantisdb.Tx) error { return errors.Join(tx.In(cache).Put(key, value), tx.Put(key, value)) })
			}, true},
		} {
			before, err := db.Stats()
			ok(t, err)
			ok(t, c.write())
			after, err := db.Stats()
			ok(t, err)
			if synced := after.Syncs > before.Syncs; synced != c.syncs {
				t.Errorf("%s: synced is %v, want %v", what, synced, c.syncs)
			}
		}
	})
}

// TestDroppedSpaceComesBack fills a keyspace, drops it, and looks at the disk.
func TestDroppedSpaceComesBack(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{Durability: mantisdb.DurabilityBuffered}, func(t *testing.T, db *mantisdb.DB) {
		ks := createKeyspace(t, db, "big", mantisdb.KeyspaceOptions{})
		var batch mantisdb.Batch
		random := bytes.Repeat([]byte("0123456789abcdef"), 256)
		for i := range 4000 {
			for j := range 64 { // so that no compression takes it away
				random[j*64] = byte(i * j)
				random[j*61+7] = byte(i >> 8 * j)
			}
			ok(t, batch.In(ks).Put(fmt.Appendf(nil, "key-%06d", i), random))
			if batch.Len() == 500 {
				ok(t, db.Write(&batch))
				batch.Reset()
			}
		}
		ok(t, db.Compact())
		full, err := db.Stats()
		ok(t, err)
		began := time.Now()
		ok(t, db.DropKeyspace("big"))
		took := time.Since(began)
		ok(t, db.Compact())
		empty, err := db.Stats()
		ok(t, err)
		t.Logf("the drop took %v; %d bytes on disk before, %d after", took, full.DiskBytes, empty.DiskBytes)
		if spent := full.FlushedBytes; spent == 0 || full.DiskBytes-empty.DiskBytes < spent/2 {
			t.Errorf("%d bytes were flushed, and the disk holds %d before the drop and %d after", spent, full.DiskBytes, empty.DiskBytes)
		}
		for deadline := time.Now().Add(30 * time.Second); empty.Keys != 0 && !empty.KeysEstimated; { // reclaimed by itself
			if time.Now().After(deadline) {
				t.Fatalf("Stats tell of %d keys after the drop", empty.Keys)
			}
			time.Sleep(10 * time.Millisecond)
			empty, err = db.Stats()
			ok(t, err)
		}
	})
}

// TestLateWritesToDroppedKeyspace writes while keyspaces are dropped. What came too late
// must be gone after the next Open, and never show up in a later keyspace.
func TestLateWritesToDroppedKeyspace(t *testing.T) {
	eachEngineReopened(t, func(t *testing.T, open func() *mantisdb.DB) {
		db := open()
		for range 20 {
			ks := createKeyspace(t, db, "ks", mantisdb.KeyspaceOptions{MemoryOnly: true})
			var writers sync.WaitGroup
			for w := range 4 {
				writers.Go(func() {
					for i := 0; ; i++ {
						if err := ks.Put(fmt.Append(nil, w, i), nil); err != nil {
							wantErr(t, "Put", err, mantisdb.ErrKeyspaceDropped)
							return
						}
					}
				})
			}
			time.Sleep(time.Millisecond)
			ok(t, db.DropKeyspace("ks"))
			writers.Wait()
		}
		ok(t, db.Close())
		db = open()
		var stream bytes.Buffer
		made, err := db.Backup(t.Context(), &stream)
		if err != nil || made.Entries != 0 {
			t.Errorf("after a restart there are %d entries, %v", made.Entries, err)
		}
		ok(t, db.Close())
	})
}

// TestKeyspacesInCopies: a backup, restored with either engine, and a checkpoint have all
// keyspaces and the applied index.
func TestKeyspacesInCopies(t *testing.T) {
	for _, from := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
		t.Run(from, func(t *testing.T) {
			dir := t.TempDir()
			db := openEngine(t, filepath.Join(dir, "data"), from)
			ks := createKeyspace(t, db, "ks", mantisdb.KeyspaceOptions{TTL: time.Hour})
			createKeyspace(t, db, "gone", mantisdb.KeyspaceOptions{})
			ok(t, db.DropKeyspace("gone"))
			for _, key := range awkwardKeys {
				ok(t, db.Put(key, []byte("main")))
				ok(t, ks.Put(key, []byte("named")))
			}
			var batch mantisdb.Batch
			ok(t, batch.SetAppliedIndex([]byte("index 9")))
			ok(t, db.Write(&batch))

			var stream bytes.Buffer
			want := uint64(2 * len(awkwardKeys))
			made, err := db.Backup(t.Context(), &stream)
			if err != nil || made.Entries != want {
				t.Errorf("the backup has %d entries, %v, want %d", made.Entries, err, want)
			}
			verified, err := mantisdb.VerifyBackup(t.Context(), bytes.NewReader(stream.Bytes()))
			if err != nil || verified != made {
				t.Errorf("the backup is verified as %+v, %v, and was made as %+v", verified, err, made)
			}
			checkpoint := filepath.Join(dir, "checkpoint")
			ok(t, db.Checkpoint(checkpoint))
			wantCopy(t, openEngine(t, checkpoint, from), db)
			wantRepaired(t, dir, db)
			for _, to := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
				t.Run("to "+to, func(t *testing.T) {
					restored := filepath.Join(dir, "restored by "+to)
					got, err := mantisdb.Restore(t.Context(), restored, &mantisdb.Options{Engine: to}, bytes.NewReader(stream.Bytes()))
					if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
						t.Skip(err)
					}
					if err != nil || got != made {
						t.Fatalf("restored as %+v, %v, and made as %+v", got, err, made)
					}
					wantCopy(t, openEngine(t, restored, to), db)
				})
			}
		})
	}
}

// wantRepaired checks a checkpoint, and repairs it where the engine can.
func wantRepaired(t *testing.T, dir string, db *mantisdb.DB) {
	t.Helper()
	sound, repaired := filepath.Join(dir, "sound"), filepath.Join(dir, "repaired")
	ok(t, db.Checkpoint(sound))
	ok(t, storage.Check(sound, io.Discard))
	if err := storage.Repair(sound, repaired, io.Discard); db.Engine() == mantisdb.EngineRust {
		ok(t, err)
		wantCopy(t, openEngine(t, repaired, mantisdb.EngineRust), db)
	} else {
		wantErr(t, "Repair", err, mantisdb.ErrUnsupported)
	}
}

// wantCopy compares a database with what it was made of, and closes it.
func wantCopy(t *testing.T, db, of *mantisdb.DB) {
	t.Helper()
	defer db.Close()
	ks, original := openKeyspace(t, db, "ks"), openKeyspace(t, of, "ks")
	if ks.Options() != original.Options() {
		t.Errorf("the copy's options are %+v", ks.Options())
	}
	if text(t, ks.Scan(mantisdb.Range{})) != text(t, original.Scan(mantisdb.Range{})) {
		t.Error("the copy's keyspace has other entries")
	}
	if everything(t, db) != everything(t, of) {
		t.Error("the copy's default keyspace has other entries")
	}
	if index, err := db.AppliedIndex(); err != nil || string(index) != "index 9" {
		t.Errorf("the copy's applied index is %q, %v", index, err)
	}
	// Its next keyspace must not get an id that was used.
	next := createKeyspace(t, db, "next", mantisdb.KeyspaceOptions{})
	if all := text(t, next.Scan(mantisdb.Range{})); all != "" {
		t.Errorf("a new keyspace of the copy has %s", all)
	}
}

func TestAppliedIndex(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		long := bytes.Repeat([]byte("i"), mantisdb.MaxAppliedIndexLen)
		var batch mantisdb.Batch
		wantErr(t, "a batch's SetAppliedIndex", batch.SetAppliedIndex(append(long, 'i')), mantisdb.ErrInvalidOptions)
		ok(t, batch.SetAppliedIndex([]byte("first")))
		ok(t, batch.SetAppliedIndex(long))
		ok(t, db.Write(&batch))
		wantIndex(t, db, string(long))
		batch.Reset()
		ok(t, batch.Put([]byte("k"), nil))
		ok(t, db.Write(&batch))
		wantIndex(t, db, string(long))

		wantErr(t, "Update", db.Update(func(tx *mantisdb.Tx) error { return tx.SetAppliedIndex(append(long, 'i')) }), mantisdb.ErrInvalidOptions)
		wantErr(t, "View", db.View(func(tx *mantisdb.Tx) error { return tx.SetAppliedIndex(nil) }), mantisdb.ErrReadOnly)
		failed := errors.New("failed")
		wantErr(t, "Update", db.Update(func(tx *mantisdb.Tx) error { return errors.Join(tx.SetAppliedIndex([]byte("no")), failed) }), failed)
		wantIndex(t, db, string(long))
		ok(t, db.Update(func(tx *mantisdb.Tx) error { return tx.SetAppliedIndex([]byte("second")) }))
		wantIndex(t, db, "second")
		batch.Reset()
		ok(t, batch.SetAppliedIndex([]byte("third")))
		ok(t, db.Update(func(tx *mantisdb.Tx) error { return tx.Write(&batch) }))
		wantIndex(t, db, "third")
		ok(t, db.Close())
		_, err := db.AppliedIndex()
		wantErr(t, "AppliedIndex", err, mantisdb.ErrClosed)
	})
}

func wantIndex(t *testing.T, db *mantisdb.DB, want string) {
	t.Helper()
	if index, err := db.AppliedIndex(); err != nil || string(index) != want {
		t.Errorf("the applied index is %.20q, %v, want %.20q", index, err, want)
	}
}
