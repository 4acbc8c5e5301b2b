package storagetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var batchTests = []test{
	{"BatchApplies", testBatchApplies},
	{"BatchLaterOperationWins", testBatchLaterWins},
	{"BatchOfNothing", testBatchOfNothing},
	{"BatchOfMany", testBatchOfMany},
	{"BatchIsSeenWhole", testBatchSeenWhole},
}

func write(t testing.TB, e storage.Engine, b *storage.Batch) uint64 {
	t.Helper()
	version, err := e.Write(b, storage.WriteOptions{})
	ok(t, err)
	return version
}

func testBatchApplies(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "old", "1")
	put(t, e, "kept", "1")
	var batch storage.Batch
	ok(t, batch.Put([]byte("new"), []byte("2"), 0))
	ok(t, batch.Put([]byte("empty"), nil, 0))
	ok(t, batch.Delete([]byte("old")))
	ok(t, batch.Delete([]byte("never was")))
	write(t, e, &batch)
	if batch.Len() != 4 {
		t.Fatalf("Write changed the batch: %d operations left", batch.Len())
	}
	wantValue(t, e, "new", "2")
	wantValue(t, e, "empty", "")
	wantValue(t, e, "kept", "1")
	wantAbsent(t, e, "old")
	wantAbsent(t, e, "never was")

	remove(t, e, "new")
	write(t, e, &batch) // once more
	wantValue(t, e, "new", "2")
	batch.Reset()
	ok(t, batch.Put([]byte("after reset"), []byte("3"), 0))
	write(t, e, &batch)
	wantValue(t, e, "after reset", "3")
	wantValue(t, e, "new", "2")
}

func testBatchLaterWins(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "deleted then put", "0")
	put(t, e, "put then deleted", "0")
	var batch storage.Batch
	for i := range 3 {
		ok(t, batch.Put([]byte("put"), fmt.Append(nil, i), 0))
	}
	ok(t, batch.Delete([]byte("deleted then put")))
	ok(t, batch.Put([]byte("deleted then put"), []byte("1"), 0))
	ok(t, batch.Put([]byte("put then deleted"), []byte("1"), 0))
	ok(t, batch.Delete([]byte("put then deleted")))
	ok(t, batch.Put([]byte("expiring then not"), []byte("1"), 1))
	ok(t, batch.Put([]byte("expiring then not"), []byte("2"), 0))
	ok(t, batch.Put([]byte("not then expired"), []byte("1"), 0))
	ok(t, batch.Put([]byte("not then expired"), []byte("2"), 1))
	write(t, e, &batch)
	wantValue(t, e, "put", "2")
	wantValue(t, e, "deleted then put", "1")
	wantAbsent(t, e, "put then deleted")
	wantValue(t, e, "expiring then not", "2")
	wantAbsent(t, e, "not then expired")
	wantEntries(t, "scan", collectNow(t, e, storage.Range{}), []entry{
		{key: "deleted then put", value: "1"}, {key: "expiring then not", value: "2"}, {key: "put", value: "2"},
	})
}

func testBatchOfNothing(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "k", "v")
	before := stats(t, e)
	var batch storage.Batch
	if version := write(t, e, &batch); version != 0 {
		t.Fatalf("an empty batch has version %d, want 0", version)
	}
	if after := stats(t, e); after.LastVersion != before.LastVersion {
		t.Fatalf("an empty batch moved the version from %d to %d", before.LastVersion, after.LastVersion)
	}
	ok(t, batch.Put([]byte("k"), []byte("x"), 0))
	_, err := e.Write(&batch, storage.WriteOptions{ExpiresAt: inMillis(60_000)})
	wantErr(t, "Write with an expiry of its own", err, storage.ErrInvalidOptions)
	wantValue(t, e, "k", "v")
}

func testBatchOfMany(t *testing.T, b *bench) {
	e := b.engine(t)
	n := scaled(50_000)
	var batch storage.Batch
	for i := range n {
		ok(t, batch.Put(fmt.Appendf(nil, "%08d", i), fmt.Append(nil, i), 0))
	}
	for i := 0; i < n; i += 10 {
		ok(t, batch.Delete(fmt.Appendf(nil, "%08d", i)))
	}
	write(t, e, &batch)
	want := make([]entry, 0, n)
	for i := range n {
		if i%10 != 0 {
			want = append(want, entry{key: fmt.Sprintf("%08d", i), value: fmt.Sprint(i)})
		}
	}
	wantEntries(t, "scan", collectNow(t, e, storage.Range{}), want)
}

// testBatchSeenWhole has writers give ten keys the same value, batch by batch,
// and readers that must never see two values.
func testBatchSeenWhole(t *testing.T, b *bench) {
	e := b.engine(t)
	var keys [][]byte
	for i := range 10 {
		keys = append(keys, fmt.Appendf(nil, "key-%d", i))
	}
	writeAll := func(value []byte) error {
		var batch storage.Batch
		for i, key := range keys {
			if i == 5 { // what a batch does and undoes must not show either
				if err := batch.Delete(keys[0]); err != nil {
					return err
				}
				if err := batch.Put(keys[0], value, 0); err != nil {
					return err
				}
			}
			if err := batch.Put(key, value, 0); err != nil {
				return err
			}
		}
		_, err := e.Write(&batch, storage.WriteOptions{})
		return err
	}
	ok(t, writeAll([]byte("0")))

	rounds := scaled(3000)
	if b.onDisk {
		rounds = scaled(200)
	}
	done := make(chan struct{})
	var writers, readers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range rounds {
				if err := writeAll(fmt.Appendf(nil, "%d-%d", w, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, read := range []func() ([]string, error){
		func() ([]string, error) { return readByMultiGet(e, keys) },
		func() ([]string, error) { return readBySnapshot(e, keys) },
		func() ([]string, error) { return readByScan(e, false) },
		func() ([]string, error) { return readByScan(e, true) },
	} {
		readers.Go(func() {
			for {
				values, err := read()
				if err != nil || len(values) != len(keys) {
					t.Errorf("read %d values: %v", len(values), err)
					return
				}
				for _, value := range values {
					if value != values[0] {
						t.Errorf("a batch is seen in part: %q", values)
						return
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

func readByMultiGet(e storage.Engine, keys [][]byte) ([]string, error) {
	var out storage.Values
	if err := e.MultiGet(keys, &out); err != nil {
		return nil, err
	}
	var values []string
	for i := range out.Len() {
		if value, found := out.At(i); found {
			values = append(values, string(value))
		}
	}
	return values, nil
}

func readBySnapshot(e storage.Engine, keys [][]byte) ([]string, error) {
	s, err := e.Snapshot()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var values []string
	for _, key := range keys {
		value, _, err := s.AppendGetMeta(nil, key)
		if err != nil {
			return values, err
		}
		values = append(values, string(value))
	}
	return values, nil
}

func readByScan(e storage.Engine, reverse bool) ([]string, error) {
	c, err := e.Scan(storage.Range{Reverse: reverse})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var values []string
	for c.Next() {
		values = append(values, string(c.Value()))
	}
	return values, c.Err()
}
