package mantisdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

func createKeyspace(t testing.TB, db *mantisdb.DB, name string, o mantisdb.KeyspaceOptions) *mantisdb.Keyspace {
	t.Helper()
	ks, err := db.CreateKeyspace(name, o)
	if err != nil {
		t.Fatalf("create %q: %v", name, err)
	}
	return ks
}

func openKeyspace(t testing.TB, db *mantisdb.DB, name string) *mantisdb.Keyspace {
	t.Helper()
	ks, err := db.Keyspace(name)
	if err != nil {
		t.Fatal(err)
	}
	return ks
}

// text is the entries of a scan as text.
func text(t testing.TB, scan *mantisdb.Scan) string {
	t.Helper()
	var all []string
	for key, value := range scan.All() {
		all = append(all, fmt.Sprintf("%q=%s", key, value))
	}
	ok(t, scan.Err())
	return strings.Join(all, " ")
}

// awkwardKeys could be taken for those of another keyspace or of the system.
var awkwardKeys = [][]byte{
	{0}, {0, 0}, {0, 0, 0}, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 'k', 'a'}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1, 'x'},
	{0, 0, 0, 0, 0, 2}, {0, 0, 0xff, 0xff, 0xff, 0xff}, {0, 1}, {0, 1, 'a'}, {0, 2}, {0, 0xff}, {1}, {'a'}, {0xff}, {0xff, 0xff},
	bytes.Repeat([]byte{0}, mantisdb.MaxKeyLen), bytes.Repeat([]byte{0xff}, mantisdb.MaxKeyLen),
}

// TestKeyspacesAreApart puts the same keys everywhere, and looks for what shows up where
// it is not.
func TestKeyspacesAreApart(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		all := map[string]*mantisdb.Keyspace{"": db.DefaultKeyspace()}
		for _, name := range []string{"a", "b", "ключи/ %2F"} {
			all[name] = createKeyspace(t, db, name, mantisdb.KeyspaceOptions{})
		}
		var batch mantisdb.Batch
		ok(t, batch.SetAppliedIndex([]byte("17")))
		ok(t, db.Write(&batch))
		ok(t, db.DropKeyspace("b"))
		delete(all, "b")

		sorted := slices.SortedFunc(slices.Values(awkwardKeys), bytes.Compare)
		for name, ks := range all {
			for _, key := range sorted {
				_, err := ks.Get(key)
				wantErr(t, "Get of what is elsewhere", err, mantisdb.ErrNotFound)
				ok(t, ks.Put(key, []byte(name)))
			}
		}
		stats, err := db.Stats()
		ok(t, err)
		if want := uint64(len(all) * len(sorted)); stats.Keys != want && !stats.KeysEstimated {
			t.Errorf("Stats tell of %d keys, want %d", stats.Keys, want)
		}
		for name, ks := range all {
			wantKeyspace(t, ks, name, sorted)
		}
		ok(t, db.DeleteRange(mantisdb.Range{}))
		wantKeyspace(t, all[""], "", nil)
		wantKeyspace(t, all["a"], "a", sorted)
		ok(t, all["a"].DeleteRange(mantisdb.Prefix([]byte{0})))
		wantKeyspace(t, all["a"], "a", sorted[slices.IndexFunc(sorted, func(k []byte) bool { return k[0] != 0 }):])
		ok(t, all["a"].DeleteRange(mantisdb.Range{}))
		wantKeyspace(t, all["a"], "a", nil)
		wantKeyspace(t, all["ключи/ %2F"], "ключи/ %2F", sorted)
		if index, err := db.AppliedIndex(); err != nil || string(index) != "17" {
			t.Errorf("the applied index after all keys were deleted is %q, %v", index, err)
		}
	})
}

// wantKeyspace compares what all reads tell of a keyspace with its keys, whose values
// are its name.
func wantKeyspace(t *testing.T, ks *mantisdb.Keyspace, name string, sorted [][]byte) {
	t.Helper()
	values, err := ks.MultiGet(awkwardKeys...)
	ok(t, err)
	for i, key := range awkwardKeys {
		there := slices.ContainsFunc(sorted, func(k []byte) bool { return bytes.Equal(k, key) })
		if has, err := ks.Has(key); err != nil || has != there {
			t.Errorf("%q: Has(%.20q) is %v, %v", name, key, has, err)
		}
		if (values[i] != nil) != there || there && string(values[i]) != name {
			t.Errorf("%q: MultiGet of %.20q gave %q", name, key, values[i])
		}
		got, err := ks.Get(key)
		if there && (err != nil || string(got) != name) || !there && !errors.Is(err, mantisdb.ErrNotFound) {
			t.Errorf("%q: Get(%.20q) is %q, %v", name, key, got, err)
		}
	}
	for _, r := range []mantisdb.Range{
		{}, {Start: []byte{}}, {Start: []byte{0}}, {End: []byte{0}}, {End: []byte{0, 1}}, {Start: []byte{0, 1}}, {End: []byte{}},
		{Start: []byte{0xff}}, mantisdb.Prefix([]byte{0}), mantisdb.Prefix([]byte{0, 0}), mantisdb.Prefix([]byte{0xff}),
		{Start: []byte{1}, End: []byte{0}},
	} {
		var want [][]byte
		for _, key := range sorted {
			if r.Contains(key) {
				want = append(want, key)
			}
		}
		for _, r.Reverse = range []bool{false, true} {
			var got [][]byte
			scan := ks.Scan(r)
			for key, value := range scan.All() {
				got = append(got, bytes.Clone(key))
				if string(value) != name {
					t.Errorf("%q: a scan yields %.20q with %q", name, key, value)
				}
			}
			ok(t, scan.Err())
			if r.Reverse {
				slices.Reverse(got)
			}
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%q: a scan from %q to %q, reverse %v, yields %.200q, want %.200q", name, r.Start, r.End, r.Reverse, got, want)
			}
		}
	}
}

func TestKeyspaceLife(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		_, err := db.Keyspace("users")
		wantErr(t, "Keyspace", err, mantisdb.ErrKeyspaceNotFound)
		wantErr(t, "DropKeyspace", db.DropKeyspace("users"), mantisdb.ErrKeyspaceNotFound)
		ks := createKeyspace(t, db, "users", mantisdb.KeyspaceOptions{TTL: time.Hour + time.Nanosecond})
		if openKeyspace(t, db, "users") != ks {
			t.Error("Keyspace returns another handle than CreateKeyspace")
		}
		_, err = db.CreateKeyspace("users", mantisdb.KeyspaceOptions{})
		wantErr(t, "CreateKeyspace again", err, mantisdb.ErrKeyspaceExists)
		createKeyspace(t, db, "items", mantisdb.KeyspaceOptions{MemoryOnly: true})
		infos, err := db.Keyspaces()
		ok(t, err)
		if want := []mantisdb.KeyspaceInfo{
			{Name: "items", Options: mantisdb.KeyspaceOptions{MemoryOnly: true}},
			{Name: "users", Options: mantisdb.KeyspaceOptions{TTL: time.Hour + time.Millisecond}},
		}; !slices.Equal(infos, want) {
			t.Errorf("Keyspaces are %+v, want %+v", infos, want)
		}
		ok(t, ks.Put([]byte("k"), []byte("v")))
		ok(t, db.DropKeyspace("users"))
		again := createKeyspace(t, db, "users", mantisdb.KeyspaceOptions{})
		if all := text(t, again.Scan(mantisdb.Range{})); all != "" {
			t.Errorf("a keyspace that was made anew has %s", all)
		}
		ok(t, db.Close())
		_, err = db.Keyspaces()
		wantErr(t, "Keyspaces", err, mantisdb.ErrClosed)
		_, err = db.Keyspace("users")
		wantErr(t, "Keyspace", err, mantisdb.ErrClosed)
		_, err = db.CreateKeyspace("more", mantisdb.KeyspaceOptions{})
		wantErr(t, "CreateKeyspace", err, mantisdb.ErrClosed)
		wantErr(t, "DropKeyspace", db.DropKeyspace("users"), mantisdb.ErrClosed)
	})
}

func TestKeyspaceNames(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, name := range []string{"", ".", "..", "a\nb", "\x00", "\u0085", "\xff", strings.Repeat("n", mantisdb.MaxKeyspaceNameLen+1)} {
			_, err := db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
			wantErr(t, fmt.Sprintf("CreateKeyspace(%.20q)", name), err, mantisdb.ErrInvalidOptions)
		}
		for _, name := range []string{"a", "a/b", "...", " ", "日本", strings.Repeat("n", mantisdb.MaxKeyspaceNameLen)} {
			createKeyspace(t, db, name, mantisdb.KeyspaceOptions{})
		}
		for _, ttl := range []time.Duration{-1, 1<<63 - 1} {
			_, err := db.CreateKeyspace("t", mantisdb.KeyspaceOptions{TTL: ttl})
			wantErr(t, "CreateKeyspace", err, mantisdb.ErrInvalidTTL)
		}
	})
}

// TestDroppedKeyspace asks a dropped keyspace, and its views, for everything.
func TestDroppedKeyspace(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		key, value := []byte("k"), []byte("v")
		ks := createKeyspace(t, db, "ks", mantisdb.KeyspaceOptions{})
		ok(t, ks.Put(key, value))
		snap, err := db.Snapshot()
		ok(t, err)
		defer snap.Close()
		var batch mantisdb.Batch
		ok(t, batch.In(ks).Put(key, value))
		ok(t, batch.Put(key, value))
		tx := db.Begin(true)
		defer tx.Discard()
		ok(t, tx.In(ks).Put([]byte("other"), value))
		scan, iterator := ks.Scan(mantisdb.Range{}), ks.Iterator(mantisdb.Range{})
		defer iterator.Close()
		ok(t, db.DropKeyspace("ks"))

		var more mantisdb.Batch
		all := mantisdb.Range{}
		for what, call := range map[string]func() error{
			"Get":                 func() error { _, err := ks.Get(key); return err },
			"AppendGetMeta":       func() error { _, _, err := ks.AppendGetMeta(nil, key); return err },
			"Has":                 func() error { _, err := ks.Has(key); return err },
			"MultiGet":            func() error { _, err := ks.MultiGet(key); return err },
			"MultiGet of none":    func() error { _, err := ks.MultiGet(); return err },
			"Put":                 func() error { return ks.Put(key, value) },
			"PutIfAbsent":         func() error { _, err := ks.PutIfAbsent(key, value, 0); return err },
			"Delete":              func() error { return ks.Delete(key) },
			"DeleteRange":         func() error { return ks.DeleteRange(all) },
			"Increment":           func() error { _, err := ks.Increment(key, 1); return err },
			"TTL":                 func() error { _, err := ks.TTL(key); return err },
			"Scan":                func() error { scan := ks.Scan(all); scan.All()(nil); return scan.Err() },
			"a Scan of before":    func() error { scan.All()(nil); return scan.Err() },
			"Iterator":            func() error { it := ks.Iterator(all); it.Next(); return it.Err() },
			"an Iterator":         func() error { iterator.First(); return iterator.Err() },
			"a batch's Put":       func() error { return more.In(ks).Put(key, value) },
			"a batch's Delete":    func() error { return more.In(ks).DeleteRange(all) },
			"a batch of before":   func() error { return db.Write(&batch) },
			"a transaction's Get": func() error { _, err := tx.In(ks).Get(key); return err },
			"a transaction's Put": func() error { return tx.In(ks).Put(key, value) },
			"a snapshot's Get":    func() error { _, err := snap.In(ks).Get(key); return err },
			"a snapshot's Scan":   func() error { scan := snap.In(ks).Scan(all); scan.All()(nil); return scan.Err() },
		} {
			wantErr(t, what, call(), mantisdb.ErrKeyspaceDropped)
		}
		wantErr(t, "Commit", tx.Commit(), mantisdb.ErrKeyspaceDropped)
		_, err = db.Get(key)
		wantErr(t, "Get of what a refused batch was to write", err, mantisdb.ErrNotFound)
	})
}

// TestKeyspaceOfAnotherDatabase must not be written to by its id.
func TestKeyspaceOfAnotherDatabase(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		other, err := mantisdb.Open("", &mantisdb.Options{Engine: db.Engine()})
		ok(t, err)
		defer other.Close()
		createKeyspace(t, db, "ks", mantisdb.KeyspaceOptions{})
		ks := createKeyspace(t, other, "ks", mantisdb.KeyspaceOptions{})
		var batch mantisdb.Batch
		ok(t, batch.In(ks).Put([]byte("k"), nil))
		wantErr(t, "Write", db.Write(&batch), mantisdb.ErrInvalidOptions)
		ok(t, other.Write(&batch))
		wantErr(t, "Update", db.Update(func(tx *mantisdb.Tx) error { return tx.Write(&batch) }), mantisdb.ErrInvalidOptions)
		wantErr(t, "Update", db.Update(func(tx *mantisdb.Tx) error { return tx.In(ks).Delete([]byte("k")) }), mantisdb.ErrInvalidOptions)
		snap, err := db.Snapshot()
		ok(t, err)
		defer snap.Close()
		_, err = snap.In(ks).Get([]byte("k"))
		wantErr(t, "Get", err, mantisdb.ErrInvalidOptions)

		// The default keyspace is one of its database, too, unless nil stands for it.
		mains := []*mantisdb.Keyspace{db.DefaultKeyspace(), other.DefaultKeyspace()}
		for _, mains := range [][]*mantisdb.Keyspace{mains[1:], mains, {mains[1], mains[0]}} {
			var first, batch mantisdb.Batch
			ok(t, first.In(nil).Put([]byte("k"), nil))
			for _, main := range mains {
				ok(t, batch.In(main).Put([]byte("k"), nil))
			}
			wantErr(t, "Write", db.Write(&batch), mantisdb.ErrInvalidOptions)
			wantErr(t, "Update", db.Update(func(tx *mantisdb.Tx) error {
				if err := tx.Write(&first); err != nil {
					return err
				}
				return tx.Write(&batch)
			}), mantisdb.ErrInvalidOptions)
			batch.Reset()
			ok(t, batch.In(db.DefaultKeyspace()).Delete([]byte("k")))
			ok(t, db.Write(&batch))
		}
	})
}

// TestConcurrentKeyspaces creates, uses and drops keyspaces at once. What is written to
// one must not be found in another.
func TestConcurrentKeyspaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		key := []byte("k")
		var group sync.WaitGroup
		for worker := range 4 {
			group.Go(func() {
				for i := range 60 {
					name := fmt.Sprint("ks", i%3)
					ks, err := db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
					if errors.Is(err, mantisdb.ErrKeyspaceExists) {
						ks, err = db.Keyspace(name)
					}
					if errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
						continue // dropped meanwhile
					}
					ok(t, err)
					use(t, ks, key)
					if i%4 == worker {
						if err := db.DropKeyspace(name); err != nil {
							wantErr(t, "DropKeyspace", err, mantisdb.ErrKeyspaceNotFound)
						}
					}
				}
			})
		}
		group.Wait()
		if all := text(t, db.Scan(mantisdb.Range{})); all != "" {
			t.Errorf("the default keyspace has %s", all)
		}
		infos, err := db.Keyspaces()
		ok(t, err)
		for _, info := range infos {
			ok(t, db.DropKeyspace(info.Name))
		}
	})
}

// use writes and reads in a keyspace, which may be dropped meanwhile.
func use(t *testing.T, ks *mantisdb.Keyspace, key []byte) {
	for range 5 {
		if err := ks.Put(key, []byte(ks.Name())); err != nil {
			wantErr(t, "Put", err, mantisdb.ErrKeyspaceDropped)
			return
		}
		value, err := ks.Get(key)
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			wantErr(t, "Get", err, mantisdb.ErrKeyspaceDropped)
			return
		}
		if err == nil && string(value) != ks.Name() {
			t.Errorf("keyspace %q has %q", ks.Name(), value)
		}
	}
}

// TestRangeBelowAllKeys: no key is less than a zero byte, in any keyspace.
func TestRangeBelowAllKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		named, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{})
		ok(t, err)
		for _, ks := range []*mantisdb.Keyspace{db.DefaultKeyspace(), named} {
			var b mantisdb.Batch
			ok(t, b.In(ks).DeleteRange(mantisdb.Range{End: []byte{0}}))
			if b.Len() != 0 {
				t.Errorf("keyspace %q: the deletion of a range that holds no key is %d operations", ks.Name(), b.Len())
			}
			ok(t, ks.Put([]byte{0}, nil))
			ok(t, ks.DeleteRange(mantisdb.Range{End: []byte{0}}))
			if has, err := ks.Has([]byte{0}); !has || err != nil {
				t.Errorf("keyspace %q: the key was deleted by a range that ends with it: %v", ks.Name(), err)
			}
		}
	})
}
