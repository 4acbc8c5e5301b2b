package storage

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzBatch builds a batch of operations that the input describes, and expects
// it to hold them in order. Bytes of the input: a kind, the lengths of key and
// value, then both; the expiry is made of them.
func FuzzBatch(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 1, 'k', 'v'})
	f.Add([]byte{1, 3, 0, 'k', 0x00, 0xff, 0, 0, 0, 0, 1, 0, 'k'})
	f.Add(bytes.Repeat([]byte{2, 2, 2, 'a', 'b', 'c', 'd'}, 20))
	f.Fuzz(func(t *testing.T, input []byte) {
		var batch Batch
		for range 2 { // once more after Reset
			want := fill(t, &batch, input)
			wantOps(t, &batch, want)
			batch.Reset()
			if batch.Len() != 0 || batch.Size() != 0 || len(batch.Packed()) != 0 {
				t.Fatalf("Reset leaves %d operations in %d bytes", batch.Len(), batch.Size())
			}
		}
	})
}

// fill adds the operations that input describes, and returns those that the
// batch must have taken.
func fill(t *testing.T, batch *Batch, input []byte) (want []Op) {
	for len(input) >= 3 {
		kind, k, v := input[0], int(input[1]), int(input[2])
		input = input[3:]
		k = min(k, len(input))
		key := input[:k]
		input = input[k:]
		v = min(v, len(input))
		value := input[:v]
		input = input[v:]

		op := Op{Kind: OpDelete, Key: key}
		var err error
		if kind%2 == 0 {
			op = Op{Kind: OpPut, Key: key, Value: value, ExpiresAt: int64(kind) << 40}
			err = batch.Put(key, value, op.ExpiresAt)
		} else {
			err = batch.Delete(key)
		}
		if k == 0 {
			if !errors.Is(err, ErrKeyEmpty) {
				t.Fatalf("an empty key is taken: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, op)
	}
	return want
}

func wantOps(t *testing.T, batch *Batch, want []Op) {
	if batch.Len() != len(want) || batch.Size() != len(batch.Packed()) {
		t.Fatalf("%d operations in %d bytes, want %d in %d", batch.Len(), batch.Size(), len(want), len(batch.Packed()))
	}
	i := 0
	for got := range batch.All() {
		w := want[i]
		if got.Kind != w.Kind || !bytes.Equal(got.Key, w.Key) || !bytes.Equal(got.Value, w.Value) || got.ExpiresAt != w.ExpiresAt {
			t.Fatalf("operation %d is %+v, want %+v", i, got, w)
		}
		i++
	}
	if i != len(want) {
		t.Fatalf("All yields %d of %d operations", i, len(want))
	}
	for range batch.All() {
		break // must not go on
	}
}

func TestBatchTooLarge(t *testing.T) {
	op := opHeaderLen + len("key") + len("value")
	for _, room := range []int{0, op - 1} {
		batch := Batch{packed: make([]byte, MaxBatchLen-room)} // never touched, so never there
		err := batch.Put([]byte("key"), []byte("value"), 0)
		if !errors.Is(err, ErrBatchTooLarge) || batch.Size() != MaxBatchLen-room || batch.Len() != 0 {
			t.Fatalf("with room for %d of %d bytes: %v, and %d bytes are in it", room, op, err, batch.Size())
		}
	}
}
