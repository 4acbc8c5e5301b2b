package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var pointTests = []test{
	{"MultiGetKeepsToItsLimit", testMultiGetLimit},
	{"PutGetDelete", testPutGetDelete},
	{"EmptyValueIsNotMissing", testEmptyValue},
	{"MultiGet", testMultiGet},
	{"KeySizes", testKeySizes},
	{"ValueSizes", testValueSizes},
	{"RefusedKeys", testRefusedKeys},
	{"RefusedValues", testRefusedValues},
	{"ArbitraryBytes", testArbitraryBytes},
}

func testPutGetDelete(t *testing.T, b *bench) {
	e := b.engine(t)
	wantAbsent(t, e, "k")
	remove(t, e, "k")
	wantAbsent(t, e, "k")
	put(t, e, "k", "one")
	wantValue(t, e, "k", "one")
	put(t, e, "k", "another, longer value")
	wantValue(t, e, "k", "another, longer value")
	put(t, e, "k", "2")
	wantValue(t, e, "k", "2")
	wantAbsent(t, e, "k2")
	wantAbsent(t, e, "j")
	remove(t, e, "k")
	wantAbsent(t, e, "k")
	remove(t, e, "k")
	put(t, e, "k", "back")
	wantValue(t, e, "k", "back")
}

func testEmptyValue(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "empty", "")
	wantValue(t, e, "empty", "")
	_, err := e.Put([]byte("nil"), nil, storage.WriteOptions{})
	ok(t, err)
	wantValue(t, e, "nil", "")
	wantEntries(t, "scan", collectNow(t, e, storage.Range{}), []entry{{key: "empty"}, {key: "nil"}})
	if _, stored, err := e.PutIfAbsent([]byte("empty"), []byte("x"), storage.WriteOptions{}); err != nil || stored {
		t.Fatalf("PutIfAbsent over an empty value: stored %v, %v", stored, err)
	}
	got, err := e.AppendGet([]byte("dst"), []byte("empty"))
	if err != nil || string(got) != "dst" {
		t.Fatalf("AppendGet of an empty value = %s, %v, want dst as it was and no error", show(got), err)
	}
}

func testMultiGet(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "a", "1")
	put(t, e, "c", "")
	put(t, e, "d", "4444")
	var out storage.Values
	for range 3 { // out is used again
		ok(t, e.MultiGet(keysOf("d", "a", "b", "c", "a", "a\x00"), &out))
		want := []string{"4444", "1", "-", "", "1", "-"}
		if out.Len() != len(want) {
			t.Fatalf("%d results, want %d", out.Len(), len(want))
		}
		for i, w := range want {
			got, found := out.At(i)
			if found != (w != "-") || found && string(got) != w {
				t.Fatalf("result %d is %s, %v, want %q", i, show(got), found, w)
			}
		}
	}
	ok(t, e.MultiGet(nil, &out))
	if out.Len() != 0 {
		t.Fatalf("%d results for no keys", out.Len())
	}
	many := make([][]byte, 1000)
	for i := range many {
		many[i] = fmt.Appendf(nil, "many-%d", i)
		if i%3 != 0 {
			put(t, e, string(many[i]), fmt.Sprint(i))
		}
	}
	ok(t, e.MultiGet(many, &out))
	for i := range many {
		got, found := out.At(i)
		if found != (i%3 != 0) || found && string(got) != fmt.Sprint(i) {
			t.Fatalf("result %d of many is %s, %v", i, show(got), found)
		}
	}
}

func testKeySizes(t *testing.T, b *bench) {
	e := b.engine(t)
	sizes := []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 127, 128, 255, 256, 257,
		4095, 4096, 32767, 32768, storage.MaxKeyLen - 1, storage.MaxKeyLen}
	for _, n := range sizes {
		put(t, e, string(filler(n, 1)), fmt.Sprint(n))
	}
	for _, n := range sizes {
		wantValue(t, e, string(filler(n, 1)), fmt.Sprint(n))
	}
	// Each key is a prefix of the next one, so they are in order already.
	for i, got := range collectNow(t, e, storage.Range{}) {
		if got.key != string(filler(sizes[i], 1)) || got.value != fmt.Sprint(sizes[i]) {
			t.Fatalf("entry %d of the scan is %s = %s", i, show(got.key), got.value)
		}
	}
	for _, n := range sizes {
		remove(t, e, string(filler(n, 1)))
		wantAbsent(t, e, string(filler(n, 1)))
	}
}

func testValueSizes(t *testing.T, b *bench) {
	e := b.engine(t)
	sizes := []int{0, 1, 15, 16, 17, 100, 255, 256, 4095, 4096, 4097, 65535, 65536, 1 << 20}
	if light() {
		sizes = append(sizes, 4<<20)
	} else {
		sizes = append(sizes, storage.MaxValueLen-1, storage.MaxValueLen)
	}
	var buf []byte
	for i, n := range sizes {
		key, value := fmt.Appendf(nil, "%02d", i), filler(n, uint64(n))
		_, err := e.Put(key, value, storage.WriteOptions{})
		ok(t, err)
		buf, err = e.AppendGet(buf[:0], key)
		ok(t, err)
		sameBytes(t, "AppendGet", buf, value)
	}
	largest := sizes[len(sizes)-1]
	var batch storage.Batch
	ok(t, batch.Put([]byte("batched"), filler(largest, 7), 0))
	_, err := e.Write(&batch, storage.WriteOptions{})
	ok(t, err)
	var out storage.Values
	ok(t, e.MultiGet(keysOf("batched"), &out))
	got, _ := out.At(0)
	sameBytes(t, "MultiGet", got, filler(largest, 7))

	s := snapshot(t, e)
	defer s.Close()
	for _, reverse := range []bool{false, true} {
		c, err := s.Scan(storage.Range{End: []byte("b"), Reverse: reverse})
		ok(t, err)
		seen := 0
		for ; c.Next(); seen++ {
			i := seen
			if reverse {
				i = len(sizes) - 1 - seen
			}
			sameBytes(t, "Scan", c.Value(), filler(sizes[i], uint64(sizes[i])))
		}
		ok(t, c.Err())
		ok(t, c.Close())
		if seen != len(sizes) {
			t.Fatalf("the scan yields %d of %d values", seen, len(sizes))
		}
	}
}

func testRefusedKeys(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "good", "v")
	s := snapshot(t, e)
	defer s.Close()
	before := stats(t, e)
	var o storage.WriteOptions
	for _, bad := range []struct {
		key  []byte
		want error
	}{
		{nil, storage.ErrKeyEmpty},
		{[]byte{}, storage.ErrKeyEmpty},
		{make([]byte, storage.MaxKeyLen+1), storage.ErrKeyTooLarge},
	} {
		_, err := e.AppendGet(nil, bad.key)
		wantErr(t, "AppendGet", err, bad.want)
		_, _, err = e.AppendGetMeta(nil, bad.key)
		wantErr(t, "AppendGetMeta", err, bad.want)
		_, err = e.Has(bad.key)
		wantErr(t, "Has", err, bad.want)
		var out storage.Values
		wantErr(t, "MultiGet", e.MultiGet([][]byte{[]byte("good"), bad.key}, &out), bad.want)
		_, err = e.Put(bad.key, []byte("v"), o)
		wantErr(t, "Put", err, bad.want)
		_, _, err = e.PutIfAbsent(bad.key, []byte("v"), o)
		wantErr(t, "PutIfAbsent", err, bad.want)
		_, err = e.Delete(bad.key, o)
		wantErr(t, "Delete", err, bad.want)
		_, _, err = s.AppendGetMeta(nil, bad.key)
		wantErr(t, "Snapshot.AppendGetMeta", err, bad.want)
		var batch storage.Batch
		wantErr(t, "Batch.Put", batch.Put(bad.key, []byte("v"), 0), bad.want)
		wantErr(t, "Batch.Delete", batch.Delete(bad.key), bad.want)
		if batch.Len() != 0 || batch.Size() != 0 {
			t.Fatalf("a refused operation is in the batch: %d operations, %d bytes", batch.Len(), batch.Size())
		}
	}
	if after := stats(t, e); after.LastVersion != before.LastVersion || after.Puts != before.Puts {
		t.Fatalf("refused writes had an effect: %+v, before %+v", after, before)
	}
	wantEntries(t, "scan", collectNow(t, e, storage.Range{}), []entry{{key: "good", value: "v"}})
}

func testRefusedValues(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "k", "v")
	huge := make([]byte, storage.MaxValueLen+1)
	_, err := e.Put([]byte("k"), huge, storage.WriteOptions{})
	wantErr(t, "Put", err, storage.ErrValueTooLarge)
	_, _, err = e.PutIfAbsent([]byte("k2"), huge, storage.WriteOptions{})
	wantErr(t, "PutIfAbsent", err, storage.ErrValueTooLarge)
	var batch storage.Batch
	wantErr(t, "Batch.Put", batch.Put([]byte("k"), huge, 0), storage.ErrValueTooLarge)

	before1970 := storage.WriteOptions{ExpiresAt: -1}
	_, err = e.Put([]byte("k"), []byte("x"), before1970)
	wantErr(t, "Put with a negative expiry", err, storage.ErrInvalidOptions)
	_, _, err = e.PutIfAbsent([]byte("k2"), []byte("x"), before1970)
	wantErr(t, "PutIfAbsent with a negative expiry", err, storage.ErrInvalidOptions)
	wantErr(t, "Batch.Put with a negative expiry", batch.Put([]byte("k"), nil, -1), storage.ErrInvalidOptions)

	wantValue(t, e, "k", "v")
	wantAbsent(t, e, "k2")
}

// testArbitraryBytes stores all keys of up to four of the bytes that have ever
// been special to anybody, and expects them in the order of bytes.Compare.
func testArbitraryBytes(t *testing.T, b *bench) {
	e := b.engine(t)
	var keys []string
	level := []string{""}
	for range 4 {
		var next []string
		for _, prefix := range level {
			for _, c := range []byte{0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff} {
				next = append(next, prefix+string([]byte{c}))
			}
		}
		keys = append(keys, next...)
		level = next
	}
	var batch storage.Batch
	for _, key := range keys {
		ok(t, batch.Put([]byte(key), []byte("\x00\xff"+key+"\x00"), 0))
	}
	_, err := e.Write(&batch, storage.WriteOptions{})
	ok(t, err)
	slices.Sort(keys)
	want := make([]entry, len(keys))
	for i, key := range keys {
		want[i] = entry{key: key, value: "\x00\xff" + key + "\x00"}
		wantValueOnce(t, e, key, want[i].value)
	}
	wantEntries(t, "forward", collectNow(t, e, storage.Range{}), want)
	slices.Reverse(want)
	wantEntries(t, "reverse", collectNow(t, e, storage.Range{Reverse: true}), want)
}

// wantValueOnce is wantValue by one way of reading, for tests of many keys.
func wantValueOnce(t testing.TB, e storage.Engine, key, value string) {
	t.Helper()
	got, err := e.AppendGet(nil, []byte(key))
	if err != nil || string(got) != value {
		t.Fatalf("AppendGet(%s) = %s, %v, want %s", show(key), show(got), err, show(value))
	}
}

// testMultiGetLimit: what is more than the limit is an error, and not in the result.
func testMultiGetLimit(t *testing.T, b *bench) {
	e := b.engine(t)
	value := bytes.Repeat([]byte("v"), 1000)
	for _, key := range keysOf("a", "b") {
		_, err := e.Put(key, value, storage.WriteOptions{})
		ok(t, err)
	}
	var out storage.Values
	for _, c := range []struct {
		limit int
		fits  bool
	}{{1999, false}, {2000, true}, {999, false}, {0, true}, {1, false}} {
		out.SetLimit(c.limit)
		err := e.MultiGet(keysOf("a", "none", "b"), &out)
		switch {
		case c.fits && (err != nil || out.Len() != 3):
			t.Errorf("within a limit of %d: %d results, %v", c.limit, out.Len(), err)
		case !c.fits && (!errors.Is(err, storage.ErrResultTooLarge) || out.Len() != 0):
			t.Errorf("beyond a limit of %d: %d results, %v", c.limit, out.Len(), err)
		}
	}
}
