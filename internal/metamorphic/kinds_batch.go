package metamorphic

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

var batchKinds = []kind{
	{"batch-put", 80, (*generator).batchPut, runBatchPut},
	{"batch-delete", 30, (*generator).batchKey, runBatchDelete},
	{"batch-delete-range", 3, (*generator).batchRange, runBatchDeleteRange},
	{"batch-reset", 4, (*generator).batchSlot, runBatchReset},
	{"batch-write", 25, (*generator).batchWrite, runBatchWrite},
}

// batch is a batch and what is in it.
type batch struct {
	real    mantisdb.Batch
	pending []*entry
}

// putter is what batches and transactions have to put with.
type putter interface {
	Put(key, value []byte) error
	PutTTL(key, value []byte, ttl time.Duration) error
	PutExpiresAt(key, value []byte, unixMillis int64) error
}

// putInto puts in the way that an operation says, and returns the error that there
// must be for the input alone.
func (t *target) putInto(to putter, o *Op) (got, want error) {
	key, value := o.Key.Bytes(), o.Value.Bytes()
	switch {
	case o.Mode == "ttl":
		return to.PutTTL(key, value, o.TTL), o.invalidWithTTL()
	case o.At != 0:
		return to.PutExpiresAt(key, value, t.base+o.At), o.invalid()
	}
	return to.Put(key, value), o.invalid()
}

func runBatchPut(t *target, o *Op) {
	b := &t.batches[o.Slot]
	got, want := t.putInto(&b.real, o)
	if t.err("Batch.Put", got, want) {
		b.pending = append(b.pending, t.pending(o))
	}
	t.batchLen(b)
}

func runBatchDelete(t *target, o *Op) {
	b := &t.batches[o.Slot]
	if t.err("Batch.Delete", b.real.Delete(o.Key.Bytes()), o.invalid()) {
		b.pending = append(b.pending, deletion(o.Key.Text()))
	}
	t.batchLen(b)
}

func runBatchDeleteRange(t *target, o *Op) {
	b, r := &t.batches[o.Slot], t.rangeOf(o)
	if t.err("Batch.DeleteRange", b.real.DeleteRange(r), nil) && !isEmpty(r) {
		b.pending = append(b.pending, rangeDeletion(r))
	}
	t.batchLen(b)
}

func (t *target) batchLen(b *batch) {
	t.check(b.real.Len() == len(b.pending), "a batch of %d operations has %d", len(b.pending), b.real.Len())
	t.check((b.real.Size() == 0) == (len(b.pending) == 0), "a batch of %d operations has %d bytes", len(b.pending), b.real.Size())
}

func runBatchReset(t *target, o *Op) {
	b := &t.batches[o.Slot]
	b.real.Reset()
	b.pending = nil
	t.batchLen(b)
}

// runBatchWrite keeps the batch if its mode is keep, so that it is written again.
func runBatchWrite(t *target, o *Op) {
	b := &t.batches[o.Slot]
	var err, want error
	if o.Durability == mantisdb.DurabilityDefault && o.TTL == 0 {
		err = t.db.Write(&b.real)
	} else {
		err = t.db.WriteWith(&b.real, o.writeOptions())
		if o.TTL != 0 || o.Durability > mantisdb.DurabilityMemory {
			want = mantisdb.ErrInvalidOptions
		}
	}
	if t.err("Write", err, want) {
		t.applyAll(b.pending)
	}
	t.batchLen(b)
	if o.Mode != "keep" {
		runBatchReset(t, o)
	}
}
