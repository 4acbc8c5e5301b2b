package mantisdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// eachEngine runs a test on every engine of the build.
func eachEngine(t *testing.T, test func(t *testing.T, db *mantisdb.DB)) {
	tested := 0
	for _, engine := range []string{mantisdb.EngineRust, mantisdb.EngineGo, mantisdb.EngineCache} {
		db, err := mantisdb.Open("", &mantisdb.Options{Engine: engine})
		if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
			continue
		}
		ok(t, err)
		tested++
		t.Run(engine, func(t *testing.T) {
			defer func() { ok(t, db.Close()) }()
			if db.Engine() != engine {
				t.Fatalf("the engine is %q, asked for %q", db.Engine(), engine)
			}
			test(t, db)
		})
	}
	if tested == 0 {
		t.Fatal("the build has no engine")
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

func TestOpenOfUnknownEngine(t *testing.T) {
	_, err := mantisdb.Open("", &mantisdb.Options{Engine: "abacus"})
	wantErr(t, "Open", err, mantisdb.ErrUnknownEngine)
	if !strings.Contains(err.Error(), "abacus") {
		t.Fatalf("%q does not name the engine", err)
	}
}

func TestOpenDefault(t *testing.T) {
	db, err := mantisdb.Open("", nil)
	ok(t, err)
	defer db.Close()
	_, err = mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineRust})
	want := mantisdb.EngineRust
	if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
		want = mantisdb.EngineGo
	}
	if db.Engine() != want {
		t.Fatalf("the default engine is %q, want %q", db.Engine(), want)
	}
}

func TestGet(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		got, err := db.Get([]byte("k"))
		wantErr(t, "Get", err, mantisdb.ErrNotFound)
		if got != nil {
			t.Fatalf("a missing value is %q, want nil", got)
		}
		ok(t, db.Put([]byte("k"), []byte("v")))
		ok(t, db.Put([]byte("empty"), nil))
		got, err = db.Get([]byte("k"))
		if err != nil || string(got) != "v" {
			t.Fatalf("got %q, %v", got, err)
		}
		got, err = db.Get([]byte("empty"))
		if err != nil || got == nil || len(got) != 0 {
			t.Fatalf("an empty value is %#v, %v; want one that is not nil", got, err)
		}
		_, meta, err := db.AppendGetMeta(nil, []byte("k"))
		if err != nil || meta.Version == 0 || meta.ExpiresAt != 0 {
			t.Fatalf("meta %+v, %v", meta, err)
		}
		if has, err := db.Has([]byte("k")); err != nil || !has {
			t.Fatalf("Has: %v, %v", has, err)
		}
		ok(t, db.Delete([]byte("k")))
		if has, err := db.Has([]byte("k")); err != nil || has {
			t.Fatalf("Has after Delete: %v, %v", has, err)
		}
		wantErr(t, "Put", db.Put(nil, nil), mantisdb.ErrKeyEmpty)
		wantErr(t, "Put", db.Put(make([]byte, mantisdb.MaxKeyLen+1), nil), mantisdb.ErrKeyTooLarge)
		wantErr(t, "Put", db.Put([]byte("k"), make([]byte, mantisdb.MaxValueLen+1)), mantisdb.ErrValueTooLarge)
	})
}

func TestMultiGet(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, all := range [][]string{{"empty"}, {"full", "empty"}} { // alone in its memory, and not
			ok(t, db.Put([]byte("full"), []byte("v")))
			ok(t, db.Put([]byte("empty"), nil))
			var keys [][]byte
			for _, key := range append(all, "missing") {
				keys = append(keys, []byte(key))
			}
			values, err := db.MultiGet(keys...)
			ok(t, err)
			if len(values) != len(keys) {
				t.Fatalf("%d values of %d keys", len(values), len(keys))
			}
			last := len(values) - 1
			if values[last] != nil || values[last-1] == nil || len(values[last-1]) != 0 {
				t.Fatalf("empty is %#v and missing %#v", values[last-1], values[last])
			}
		}
		values, err := db.MultiGet([]byte("full"), []byte("full"))
		ok(t, err)
		values[0] = append(values[0], "more"...)
		if string(values[1]) != "v" {
			t.Fatalf("appending to one value changes another to %q", values[1])
		}
		_, err = db.MultiGet([]byte("full"), nil)
		wantErr(t, "MultiGet", err, mantisdb.ErrKeyEmpty)
		if values, err := db.MultiGet(); err != nil || len(values) != 0 {
			t.Fatalf("MultiGet of nothing: %v, %v", values, err)
		}
	})
}

func TestTTL(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		key := []byte("k")
		for _, ttl := range []time.Duration{0, -1, -time.Hour, math.MinInt64} {
			wantErr(t, "PutTTL", db.PutTTL(key, nil, ttl), mantisdb.ErrInvalidTTL)
			var b mantisdb.Batch
			wantErr(t, "Batch.PutTTL", b.PutTTL(key, nil, ttl), mantisdb.ErrInvalidTTL)
			if ttl != 0 {
				_, err := db.PutIfAbsent(key, nil, ttl)
				wantErr(t, "PutIfAbsent", err, mantisdb.ErrInvalidTTL)
			}
		}
		for _, ttl := range []time.Duration{time.Minute, time.Minute + 1, math.MaxInt64} {
			before := time.Now().Add(ttl).UnixMilli()
			ok(t, db.PutTTL(key, nil, ttl))
			_, meta, err := db.AppendGetMeta(nil, key)
			ok(t, err)
			after := time.Now().Add(ttl).UnixMilli() + 2
			if ttl != math.MaxInt64 && (meta.ExpiresAt < before || meta.ExpiresAt > after) {
				t.Fatalf("with a ttl of %v the expiry is %d, want %d to %d", ttl, meta.ExpiresAt, before, after)
			}
		}
		ok(t, db.PutTTL(key, nil, 1)) // rounded up to a millisecond
		stored := false
		for deadline := time.Now().Add(10 * time.Second); !stored; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a value does not expire")
			}
			var err error
			stored, err = db.PutIfAbsent(key, []byte("v"), 0)
			ok(t, err)
		}
		_, meta, err := db.AppendGetMeta(nil, key)
		if err != nil || meta.ExpiresAt != 0 {
			t.Fatalf("PutIfAbsent with ttl 0: %+v, %v", meta, err)
		}
		if stored, err := db.PutIfAbsent(key, []byte("w"), time.Hour); err != nil || stored {
			t.Fatalf("stored over a live value: %v, %v", stored, err)
		}
	})
}

func TestBatch(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		wantErr(t, "Write of nil", db.Write(nil), mantisdb.ErrInvalidOptions)
		var b mantisdb.Batch
		ok(t, db.Write(&b))
		ok(t, db.Put([]byte("old"), nil))
		ok(t, b.Put([]byte("a"), []byte("1")))
		ok(t, b.PutTTL([]byte("b"), []byte("2"), time.Hour))
		ok(t, b.PutExpiresAt([]byte("c"), []byte("3"), 1<<50))
		ok(t, b.PutExpiresAt([]byte("d"), []byte("4"), 1)) // has passed
		ok(t, b.Delete([]byte("old")))
		wantErr(t, "Put", b.Put(nil, nil), mantisdb.ErrKeyEmpty)
		wantErr(t, "Delete", b.Delete(nil), mantisdb.ErrKeyEmpty)
		wantErr(t, "PutExpiresAt", b.PutExpiresAt([]byte("k"), nil, -1), mantisdb.ErrInvalidOptions)
		if b.Len() != 5 || b.Size() == 0 {
			t.Fatalf("%d operations in %d bytes", b.Len(), b.Size())
		}
		ok(t, db.Write(&b))
		var got []string
		scan := db.Scan(mantisdb.Range{})
		for e := range scan.Entries() {
			got = append(got, fmt.Sprintf("%s=%s %v", e.Key, e.Value, e.ExpiresAt > time.Now().UnixMilli()))
		}
		ok(t, scan.Err())
		if want := []string{"a=1 false", "b=2 true", "c=3 true"}; !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		b.Reset()
		if b.Len() != 0 || b.Size() != 0 {
			t.Fatalf("%d operations in %d bytes after Reset", b.Len(), b.Size())
		}
	})
}

// put stores n keys.
func put(t testing.TB, db *mantisdb.DB, n int) {
	t.Helper()
	for i := range n {
		ok(t, db.Put(fmt.Appendf(nil, "key-%04d", i), fmt.Append(nil, i)))
	}
}

func openSnapshots(t testing.TB, db *mantisdb.DB) uint64 {
	t.Helper()
	s, err := db.Stats()
	ok(t, err)
	return s.OpenSnapshots
}

func TestScan(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 100)
		ok(t, db.Put([]byte("other"), nil))
		start := []byte("key-0010")
		scan := db.Scan(mantisdb.Range{Start: start, End: []byte("key-0020")})
		copy(start, "xxx") // the range was copied
		for range 2 {      // a scan may be walked again
			i := 10
			for key, value := range scan.All() {
				if string(key) != fmt.Sprintf("key-%04d", i) || string(value) != fmt.Sprint(i) {
					t.Fatalf("entry %d is %q = %q", i, key, value)
				}
				i++
			}
			ok(t, scan.Err())
			if i != 20 {
				t.Fatalf("the scan ends before %d", i)
			}
		}
		n := 0
		for key := range db.Scan(mantisdb.Prefix([]byte("key-"))).All() {
			if !bytes.HasPrefix(key, []byte("key-")) {
				t.Fatalf("%q is in a scan of another prefix", key)
			}
			n++
		}
		if n != 100 {
			t.Fatalf("%d entries have the prefix, want 100", n)
		}
		ok(t, db.Put([]byte("key-0100"), nil))
		for e := range db.Scan(mantisdb.Range{Start: []byte("key-0100"), End: []byte("l")}).Entries() {
			if e.Value == nil || len(e.Value) != 0 {
				t.Fatalf("an empty value is %#v in a scan", e.Value)
			}
		}
		for e := range db.Scan(mantisdb.Range{KeysOnly: true}).Entries() {
			if e.Value != nil || e.Version == 0 {
				t.Fatalf("a scan of keys yields %+v", e)
			}
		}
	})
}

func TestScanReleases(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 1000) // more than is read at once
		scan := db.Scan(mantisdb.Range{})
		for range scan.All() {
			if n := openSnapshots(t, db); n != 1 {
				t.Fatalf("%d snapshots are open in a scan", n)
			}
			break
		}
		ok(t, scan.Err())
		func() {
			defer func() { _ = recover() }()
			for range scan.All() {
				panic("in the loop's body")
			}
		}()
		if n := openSnapshots(t, db); n != 0 {
			t.Fatalf("%d snapshots are open after the loops", n)
		}
		// A loop sees the moment at which it began, though it writes.
		n := 0
		for key := range scan.All() {
			ok(t, db.Put(append([]byte("z"), key...), nil))
			ok(t, db.Delete(key))
			n++
		}
		if ok(t, scan.Err()); n != 1000 {
			t.Fatalf("the loop saw %d entries, want 1000", n)
		}
	})
}

func TestScanLimit(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 100)
		snap, err := db.Snapshot()
		ok(t, err)
		defer snap.Close()
		tx := db.Begin(false)
		defer tx.Discard()
		for limit, want := range map[int]int{0: 90, 1: 1, 89: 89, 90: 90, 91: 90} {
			r := mantisdb.Range{Start: []byte("key-0010"), Limit: limit}
			for what, scan := range map[string]*mantisdb.Scan{
				"database": db.Scan(r), "snapshot": snap.Scan(r), "transaction": tx.Scan(r),
			} {
				for range 2 { // a loop's limit is its own
					n := 0
					for range scan.All() {
						n++
					}
					if ok(t, scan.Err()); n != want {
						t.Errorf("limit %d on a %s: %d entries, want %d", limit, what, n, want)
					}
				}
			}
		}
	})
}

func TestLimitIsForScans(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 10)
		some := mantisdb.Range{Limit: 1}
		scan := db.Scan(mantisdb.Range{Limit: -1})
		for range scan.All() {
			t.Error("a scan with a negative limit yields something")
		}
		it := db.Iterator(some)
		defer it.Close()
		if it.Next() {
			t.Error("an iterator with a limit moves")
		}
		_, watchErr := db.Watch(some, 0)
		var batch mantisdb.Batch
		for what, err := range map[string]error{
			"Scan": scan.Err(), "Iterator": it.Err(), "Watch": watchErr,
			"DeleteRange": db.DeleteRange(some), "Batch.DeleteRange": batch.DeleteRange(some),
			"Tx.DeleteRange": db.Update(func(tx *mantisdb.Tx) error { return tx.DeleteRange(some) }),
		} {
			wantErr(t, what, err, mantisdb.ErrInvalidOptions)
		}
		if has, err := db.Has([]byte("key-0000")); err != nil || !has {
			t.Errorf("a deletion that was refused deletes: %v", err)
		}
	})
}

func TestScanErr(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 1000)
		scan := db.Scan(mantisdb.Range{})
		n := 0
		for range scan.All() {
			if n++; n == 1 {
				ok(t, db.Close())
			}
		}
		if n == 1000 { // all of it was read ahead
			for range scan.All() {
				t.Fatal("a scan of a closed database yields something")
			}
		}
		wantErr(t, "Err", scan.Err(), mantisdb.ErrClosed)
		for range scan.Entries() {
			t.Fatal("a failed scan goes on")
		}
		wantErr(t, "Err again", scan.Err(), mantisdb.ErrClosed)
	})
}

func TestSnapshot(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 10)
		ok(t, db.Put([]byte("empty"), nil))
		snap, err := db.Snapshot()
		ok(t, err)
		ok(t, db.Put([]byte("key-0000"), []byte("new")))
		ok(t, db.Delete([]byte("key-0001")))
		for _, key := range []string{"key-0000", "key-0001"} {
			got, err := snap.Get([]byte(key))
			if err != nil || string(got) != key[7:] {
				t.Fatalf("%s is %q, %v", key, got, err)
			}
		}
		if got, err := snap.Get([]byte("empty")); err != nil || got == nil {
			t.Fatalf("an empty value is %#v, %v", got, err)
		}
		_, err = snap.Get([]byte("none"))
		wantErr(t, "Get", err, mantisdb.ErrNotFound)
		_, meta, err := snap.AppendGetMeta(nil, []byte("empty"))
		if err != nil || meta.Version != snap.Version() {
			t.Fatalf("the newest write has version %d, the snapshot %d: %v", meta.Version, snap.Version(), err)
		}
		n := 0
		for range snap.Scan(mantisdb.Prefix([]byte("key-"))).All() {
			n++
		}
		if n != 10 {
			t.Fatalf("a scan of the snapshot yields %d entries, want 10", n)
		}
		ok(t, snap.Close())
		ok(t, snap.Close())
		_, err = snap.Get([]byte("empty"))
		wantErr(t, "Get", err, mantisdb.ErrClosed)
		scan := snap.Scan(mantisdb.Range{})
		for range scan.All() {
			t.Fatal("a scan of a closed snapshot yields something")
		}
		wantErr(t, "Err", scan.Err(), mantisdb.ErrClosed)
	})
}

// TestForgottenSnapshot drops a snapshot and a transaction.
func TestForgottenSnapshot(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 1)
		func() {
			snap, err := db.Snapshot()
			ok(t, err)
			_, err = snap.Get([]byte("key-0000"))
			ok(t, err)
			_, err = db.Begin(false).Get([]byte("key-0000"))
			ok(t, err)
			closed, err := db.Snapshot()
			ok(t, err)
			ok(t, closed.Close())
		}()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			s, err := db.Stats()
			ok(t, err)
			if s.OpenSnapshots == 0 && s.LeakedSnapshots == 2 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d are open and %d counted as leaked, want 0 and 2", s.OpenSnapshots, s.LeakedSnapshots)
			}
			runtime.GC()
		}
	})
}

func TestUseAfterClose(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		put(t, db, 1)
		snap, err := db.Snapshot()
		ok(t, err)
		ok(t, db.Close())
		ok(t, db.Close())
		key := []byte("key-0000")
		var values mantisdb.Values
		var b mantisdb.Batch
		ok(t, b.Put(key, nil))
		for what, call := range map[string]func() error{
			"Get":                    func() error { _, err := db.Get(key); return err },
			"AppendGet":              func() error { _, err := db.AppendGet(nil, key); return err },
			"AppendGetMeta":          func() error { _, _, err := db.AppendGetMeta(nil, key); return err },
			"Has":                    func() error { _, err := db.Has(key); return err },
			"MultiGet":               func() error { _, err := db.MultiGet(key); return err },
			"MultiGetInto":           func() error { return db.MultiGetInto(&values, [][]byte{key}) },
			"Put":                    func() error { return db.Put(key, nil) },
			"PutTTL":                 func() error { return db.PutTTL(key, nil, time.Hour) },
			"PutIfAbsent":            func() error { _, err := db.PutIfAbsent(key, nil, 0); return err },
			"Delete":                 func() error { return db.Delete(key) },
			"Write":                  func() error { return db.Write(&b) },
			"Snapshot":               func() error { _, err := db.Snapshot(); return err },
			"Stats":                  func() error { _, err := db.Stats(); return err },
			"Snapshot.Get":           func() error { _, err := snap.Get(key); return err },
			"Snapshot.AppendGet":     func() error { _, err := snap.AppendGet(nil, key); return err },
			"Snapshot.AppendGetMeta": func() error { _, _, err := snap.AppendGetMeta(nil, key); return err },
			"Scan": func() error {
				scan := db.Scan(mantisdb.Range{})
				for range scan.All() {
				}
				return scan.Err()
			},
		} {
			wantErr(t, what, call(), mantisdb.ErrClosed)
		}
		ok(t, snap.Close())
	})
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		db, err := mantisdb.Open(dir, &mantisdb.Options{Engine: mantisdb.EngineGo})
		ok(t, err)
		for j := range i {
			got, err := db.Get(fmt.Append(nil, j))
			if err != nil || string(got) != "v" {
				t.Fatalf("what was written %d rounds ago is %q, %v", i-j, got, err)
			}
		}
		ok(t, db.Put(fmt.Append(nil, i), []byte("v")))
		_, err = mantisdb.Open(dir, &mantisdb.Options{Engine: mantisdb.EngineGo})
		wantErr(t, "Open while open", err, mantisdb.ErrLocked)
		ok(t, db.Close())
	}
}
