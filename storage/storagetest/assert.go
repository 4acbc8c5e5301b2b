package storagetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// patience is how long a test waits for what must happen in the end.
const patience = 30 * time.Second

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

func put(t testing.TB, e storage.Engine, key, value string) uint64 {
	t.Helper()
	return putExpiring(t, e, key, value, 0)
}

func putExpiring(t testing.TB, e storage.Engine, key, value string, expiresAt int64) uint64 {
	t.Helper()
	version, err := e.Put([]byte(key), []byte(value), storage.WriteOptions{ExpiresAt: expiresAt})
	ok(t, err)
	return version
}

func remove(t testing.TB, e storage.Engine, key string) uint64 {
	t.Helper()
	version, err := e.Delete([]byte(key), storage.WriteOptions{})
	ok(t, err)
	return version
}

func snapshot(t testing.TB, e storage.Engine) storage.Snapshot {
	t.Helper()
	s, err := e.Snapshot()
	ok(t, err)
	return s
}

func stats(t testing.TB, e storage.Engine) storage.Stats {
	t.Helper()
	s, err := e.Stats()
	ok(t, err)
	return s
}

// wantValue holds every way of reading a key to one value.
func wantValue(t testing.TB, e storage.Engine, key, value string) {
	t.Helper()
	got, err := e.AppendGet(nil, []byte(key))
	if err != nil || string(got) != value {
		t.Fatalf("AppendGet(%s) = %s, %v, want %s", show(key), show(got), err, show(value))
	}
	got, _, err = e.AppendGetMeta(nil, []byte(key))
	if err != nil || string(got) != value {
		t.Fatalf("AppendGetMeta(%s) = %s, %v, want %s", show(key), show(got), err, show(value))
	}
	if has, err := e.Has([]byte(key)); err != nil || !has {
		t.Fatalf("Has(%s) = %v, %v, want true", show(key), has, err)
	}
	var out storage.Values
	ok(t, e.MultiGet([][]byte{[]byte(key)}, &out))
	if got, found := out.At(0); !found || string(got) != value {
		t.Fatalf("MultiGet(%s) = %s, %v, want %s", show(key), show(got), found, show(value))
	}
}

// wantAbsent holds every way of reading a key to its absence.
func wantAbsent(t testing.TB, e storage.Engine, key string) {
	t.Helper()
	got, err := e.AppendGet([]byte("dst"), []byte(key))
	if !errors.Is(err, storage.ErrNotFound) || string(got) != "dst" {
		t.Fatalf("AppendGet(%s) = %s, %v, want dst unchanged and ErrNotFound", show(key), show(got), err)
	}
	got, meta, err := e.AppendGetMeta([]byte("dst"), []byte(key))
	if !errors.Is(err, storage.ErrNotFound) || string(got) != "dst" || meta != (storage.Meta{}) {
		t.Fatalf("AppendGetMeta(%s) = %s, %v, %v, want dst unchanged, no meta and ErrNotFound", show(key), show(got), meta, err)
	}
	if has, err := e.Has([]byte(key)); err != nil || has {
		t.Fatalf("Has(%s) = %v, %v, want false", show(key), has, err)
	}
	var out storage.Values
	ok(t, e.MultiGet([][]byte{[]byte(key)}, &out))
	if got, found := out.At(0); out.Len() != 1 || found {
		t.Fatalf("MultiGet(%s) = %s, want it missing", show(key), show(got))
	}
	s := snapshot(t, e)
	defer s.Close()
	wantAbsentAt(t, s, key)
}

// wantAbsentAt holds a snapshot to the absence of a key.
func wantAbsentAt(t testing.TB, s storage.Snapshot, key string) {
	t.Helper()
	if got, _, err := s.AppendGetMeta([]byte("dst"), []byte(key)); !errors.Is(err, storage.ErrNotFound) || string(got) != "dst" {
		t.Fatalf("Snapshot.AppendGetMeta(%s) = %s, %v, want dst unchanged and ErrNotFound", show(key), show(got), err)
	}
	for _, reverse := range []bool{false, true} {
		r := storage.Range{Start: []byte(key), End: append([]byte(key), 0), Reverse: reverse}
		if got := collect(t, s, r); len(got) != 0 {
			t.Fatalf("Scan of %s (reverse %v) yields %d entries, want none", show(key), reverse, len(got))
		}
	}
}

// wantValueAt holds a snapshot to one value of a key.
func wantValueAt(t testing.TB, s storage.Snapshot, key, value string) {
	t.Helper()
	got, _, err := s.AppendGetMeta(nil, []byte(key))
	if err != nil || string(got) != value {
		t.Fatalf("Snapshot.AppendGetMeta(%s) = %s, %v, want %s", show(key), show(got), err, show(value))
	}
}

// entry is a copy of what a cursor yields.
type entry struct {
	key, value string
	meta       storage.Meta
}

// collect copies what a scan of a snapshot yields.
func collect(t testing.TB, s storage.Snapshot, r storage.Range) []entry {
	t.Helper()
	c, err := s.Scan(r)
	ok(t, err)
	return drain(t, c, r)
}

// collectNow is collect of the newest state.
func collectNow(t testing.TB, e storage.Engine, r storage.Range) []entry {
	t.Helper()
	c, err := e.Scan(r)
	ok(t, err)
	return drain(t, c, r)
}

// drain walks a cursor over a range to its end, and closes it.
func drain(t testing.TB, c storage.Cursor, r storage.Range) []entry {
	t.Helper()
	var entries []entry
	for c.Next() {
		if r.KeysOnly && c.Value() != nil {
			t.Fatalf("Value is %s in a scan of keys only, want nil", show(c.Value()))
		}
		entries = append(entries, entry{string(c.Key()), string(c.Value()), c.Meta()})
	}
	ok(t, c.Err())
	if c.Next() {
		t.Fatal("Next is true again after the end")
	}
	ok(t, c.Close())
	return entries
}

// wantEntries compares keys and values, in order.
func wantEntries(t testing.TB, what string, got, want []entry) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i].key != want[i].key || got[i].value != want[i].value {
			t.Fatalf("%s: entry %d of %d is %s = %s, want %s = %s", what, i, len(got),
				show(got[i].key), show(got[i].value), show(want[i].key), show(want[i].value))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d entries, want %d", what, len(got), len(want))
	}
}

// eventually waits until condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// inMillis is a time from now, as an expiry.
func inMillis(n int64) int64 { return time.Now().UnixMilli() + n }

// waitPast returns once an expiry has passed.
func waitPast(expiresAt int64) {
	for storage.Now() <= expiresAt || time.Now().UnixMilli() <= expiresAt {
		time.Sleep(time.Millisecond)
	}
}

// filler is n bytes that depend on seed, so that mixed-up values are noticed.
func filler(n int, seed uint64) []byte {
	p := make([]byte, 0, n+8)
	for len(p) < n {
		seed = seed*6364136223846793005 + 1442695040888963407
		p = binary.LittleEndian.AppendUint64(p, seed^seed>>32)
	}
	return p[:n:n]
}

// show prints a long byte string shortly.
func show[T string | []byte](p T) string {
	if len(p) > 40 {
		return fmt.Sprintf("%q… (%d bytes)", string(p[:32]), len(p))
	}
	return fmt.Sprintf("%q", string(p))
}

func keysOf(names ...string) [][]byte {
	keys := make([][]byte, len(names))
	for i, name := range names {
		keys[i] = []byte(name)
	}
	return keys
}

func sameBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %s, want %s", what, show(got), show(want))
	}
}
