package storagetest

import (
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var ownershipTests = []test{
	{"InputsAreCopied", testInputsCopied},
	{"ResultsBelongToTheCaller", testResultsOwned},
	{"AppendGetAppends", testAppendGetAppends},
}

// scribble overwrites a slice that was lent.
func scribble(p []byte) {
	for i := range p {
		p[i] = '!'
	}
}

func testInputsCopied(t *testing.T, b *bench) {
	e := b.engine(t)
	key, value := []byte("put"), []byte("value")
	_, err := e.Put(key, value, storage.WriteOptions{})
	ok(t, err)
	scribble(key)
	scribble(value)
	wantValue(t, e, "put", "value")

	key, value = []byte("absent"), []byte("value")
	_, _, err = e.PutIfAbsent(key, value, storage.WriteOptions{})
	ok(t, err)
	scribble(key)
	scribble(value)
	wantValue(t, e, "absent", "value")

	key = []byte("gone")
	put(t, e, "gone", "value")
	_, err = e.Delete(key, storage.WriteOptions{})
	ok(t, err)
	scribble(key)
	wantAbsent(t, e, "gone")

	var batch storage.Batch
	key, value = []byte("batch"), []byte("value")
	ok(t, batch.Put(key, value, 0))
	scribble(key)
	scribble(value)
	_, err = e.Write(&batch, storage.WriteOptions{})
	ok(t, err)
	scribble(batch.Packed())
	batch.Reset()
	wantValue(t, e, "batch", "value")

	s := snapshot(t, e)
	defer s.Close()
	start, end := []byte("b"), []byte("c")
	c, err := s.Scan(storage.Range{Start: start, End: end})
	ok(t, err)
	defer c.Close()
	scribble(start)
	scribble(end)
	if !c.Next() || string(c.Key()) != "batch" || c.Next() {
		t.Fatalf("a scan follows its bounds when they change")
	}
}

func testResultsOwned(t *testing.T, b *bench) {
	e := b.engine(t)
	put(t, e, "k", "value")
	got, err := e.AppendGet(nil, []byte("k"))
	ok(t, err)
	put(t, e, "k", "other")
	remove(t, e, "k")
	sameBytes(t, "a result after its key was overwritten", got, []byte("value"))
	put(t, e, "k", "value")
	scribble(got)
	wantValue(t, e, "k", "value")

	var out storage.Values
	ok(t, e.MultiGet(keysOf("k"), &out))
	found, _ := out.At(0)
	scribble(found)
	wantValue(t, e, "k", "value")
	ok(t, e.MultiGet(keysOf("k"), &out))
	put(t, e, "k", "other")
	found, _ = out.At(0)
	sameBytes(t, "Values after their key was overwritten", found, []byte("value"))
}

func testAppendGetAppends(t *testing.T, b *bench) {
	e := b.engine(t)
	value := string(filler(5000, 3))
	put(t, e, "k", value)
	for _, room := range []int{0, 1, len(value) - 1, len(value), len(value) + 1} {
		dst := append(make([]byte, 0, 3+room), "dst"...)
		got, err := e.AppendGet(dst, []byte("k"))
		ok(t, err)
		sameBytes(t, "AppendGet", got, []byte("dst"+value))
		if fits := cap(dst) >= len(got); fits != (&got[0] == &dst[0]) {
			t.Fatalf("with room for %d of %d bytes, the result is in dst: %v", room, len(value), !fits)
		}
		got, _, err = e.AppendGetMeta(dst, []byte("k"))
		ok(t, err)
		sameBytes(t, "AppendGetMeta", got, []byte("dst"+value))
	}
}
