package mantisdb

import (
	"errors"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// still is an engine that does nothing, and allocates nothing doing it.
type still struct{ storage.Engine }

func (still) AppendGet(dst, _ []byte) ([]byte, error) { return append(dst, "value"...), nil }

func (still) AppendGetMeta(dst, _ []byte) ([]byte, storage.Meta, error) {
	return append(dst, "value"...), storage.Meta{}, nil
}

func (still) Has([]byte) (bool, error) { return true, nil }

func (still) MultiGet(keys [][]byte, out *storage.Values) error {
	out.Reset()
	for range keys {
		out.AppendFound([]byte("value"))
	}
	return nil
}

func (still) Put(_, _ []byte, _ storage.WriteOptions) (uint64, error) { return 1, nil }

func (still) Modify(dst, _ []byte, _ storage.Modification, _ storage.WriteOptions) ([]byte, storage.Modified, error) {
	return dst, storage.Modified{}, nil
}
func (still) PutIfAbsent(_, _ []byte, _ storage.WriteOptions) (uint64, bool, error) {
	return 1, true, nil
}

func (still) Delete([]byte, storage.WriteOptions) (uint64, error) { return 1, nil }

func (still) Write(*storage.Batch, storage.WriteOptions) (uint64, error) { return 1, nil }

// TestNoAllocations holds this package to allocating nothing on its hot paths,
// and the Rust engine too where the build has it.
func TestNoAllocations(t *testing.T) {
	t.Run("package", func(t *testing.T) { eachKeyspace(t, newDB(still{}, nil), wantNoAllocations) })
	for name, dir := range map[string]string{"memory": "", "directory": t.TempDir()} {
		t.Run(EngineRust+"/"+name, func(t *testing.T) {
			db, err := Open(dir, &Options{Engine: EngineRust, Durability: DurabilityBuffered})
			if errors.Is(err, ErrEngineNotBuilt) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			eachKeyspace(t, db, wantNoAllocations)
		})
	}
}

// eachKeyspace runs a test in the default keyspace, also with keys that are stored in
// another form, and in one with a name.
func eachKeyspace(t *testing.T, db *DB, test func(t *testing.T, ks *Keyspace, prefix string)) {
	named := db.newKeyspace("named", 1, KeyspaceOptions{})
	t.Run("default", func(t *testing.T) { test(t, db.main, "") })
	t.Run("zero", func(t *testing.T) { test(t, db.main, "\x00") })
	t.Run("named", func(t *testing.T) { test(t, named, "") })
}

func wantNoAllocations(t *testing.T, db *Keyspace, prefix string) {
	if raceEnabled {
		t.Skip("the race detector has a sync.Pool forget what was put into it")
	}
	key, other, value := []byte(prefix+"key"), []byte(prefix+"other"), []byte("value")
	keys := [][]byte{key, key, key}
	buf := make([]byte, 0, 64)
	var values Values
	var batch Batch
	for what, call := range map[string]func() error{
		"AppendGet": func() (err error) {
			buf, err = db.AppendGet(buf[:0], key)
			return err
		},
		"AppendGetMeta": func() (err error) {
			buf, _, err = db.AppendGetMeta(buf[:0], key)
			return err
		},
		"Has":          func() error { _, err := db.Has(key); return err },
		"MultiGetInto": func() error { return db.MultiGetInto(&values, keys) },
		"Put":          func() error { return db.Put(key, value) },
		"PutTTL":       func() error { return db.PutTTL(key, value, time.Hour) },
		"PutIfAbsent":  func() error { _, err := db.PutIfAbsent(key, value, time.Hour); return err },
		"Write": func() error {
			batch.Reset()
			for range 3 {
				if err := batch.In(db).PutTTL(key, value, time.Hour); err != nil {
					return err
				}
			}
			return db.db.Write(&batch)
		},
		"Delete": func() error { return db.Delete(other) },
	} {
		if err := db.Put(key, value); err != nil {
			t.Fatal(err)
		}
		var failed error
		if n := testing.AllocsPerRun(100, func() { failed = errors.Join(failed, call()) }); n != 0 {
			t.Errorf("%s allocates %v times a call", what, n)
		}
		if failed != nil {
			t.Errorf("%s: %v", what, failed)
		}
	}
}

// TestShortScanAllocations holds a scan of one page to what its interface asks for: the
// Scan, its bound and the engine's cursor.
func TestShortScanAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has a sync.Pool forget what was put into it")
	}
	db, err := Open("", &Options{Engine: EngineRust})
	if errors.Is(err, ErrEngineNotBuilt) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range byte(100) {
		if err := db.Put([]byte{'k', i}, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	start := []byte("k")
	for _, limit := range []int{0, 50} {
		seen := 0
		n := testing.AllocsPerRun(100, func() {
			scan := db.Scan(Range{Start: start, Limit: limit})
			for range scan.All() {
				if seen++; seen%50 == 0 {
					break
				}
			}
			err = errors.Join(err, scan.Err())
		})
		if err != nil || seen != 101*50 || n > 3 {
			t.Errorf("limit %d: %v allocations a scan of 50 entries, %d entries, %v", limit, n, seen, err)
		}
	}
}
