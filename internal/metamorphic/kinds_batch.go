package metamorphic

import (
	"errors"

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
	spaces  []*space // that it writes to
}

// in is a batch, or its view of an operation's keyspace.
func (b *batch) in(t *target, o *Op) putter {
	if s := t.space(o); !s.isDefault() {
		return b.real.In(s.real)
	}
	return &b.real
}

// added notes a write to an operation's keyspace, nil for one that has nothing to do.
func (b *batch) added(t *target, o *Op, e *entry) {
	b.spaces = append(b.spaces, t.space(o))
	if e != nil {
		b.pending = append(b.pending, e)
	}
}

// putInto puts in the way that an operation says, and returns the error that there
// must be for the input alone.
func (t *target) putInto(to putter, o *Op) (got, want error) {
	key, value := o.Key.Bytes(), o.Value.Bytes()
	switch {
	case o.Mode == "ttl":
		return to.PutTTL(key, value, o.TTL), t.invalidWithTTL(o)
	case o.At != 0:
		return to.PutExpiresAt(key, value, t.base+o.At), t.invalid(o)
	}
	return to.Put(key, value), t.invalid(o)
}

func runBatchPut(t *target, o *Op) {
	b := &t.batches[o.Slot]
	got, want := t.putInto(b.in(t, o), o)
	if t.err("Batch.Put", got, want) {
		b.added(t, o, t.pending(o))
	}
	t.batchLen(b)
}

func runBatchDelete(t *target, o *Op) {
	b := &t.batches[o.Slot]
	if t.err("Batch.Delete", b.in(t, o).Delete(o.Key.Bytes()), t.invalid(o)) {
		b.added(t, o, t.deletion(o))
	}
	t.batchLen(b)
}

func runBatchDeleteRange(t *target, o *Op) {
	b, r := &t.batches[o.Slot], t.rangeOf(o)
	if t.err("Batch.DeleteRange", b.in(t, o).DeleteRange(r), t.spaceOf(o, t.db)) {
		b.added(t, o, t.rangeDeletion(o, r))
	}
	t.batchLen(b)
}

func (t *target) batchLen(b *batch) {
	n := 0
	for _, e := range b.pending {
		if !e.isIndex() {
			n++
		}
	}
	t.check(b.real.Len() == n, "a batch of %d operations has %d", n, b.real.Len())
	t.check((b.real.Size() == 0) == (len(b.pending) == 0), "a batch of %d operations has %d bytes", len(b.pending), b.real.Size())
}

func runBatchReset(t *target, o *Op) {
	b := &t.batches[o.Slot]
	b.real.Reset()
	b.pending, b.spaces = nil, nil
	t.batchLen(b)
}

// runBatchWrite keeps the batch if its mode is keep, so that it is written again.
func runBatchWrite(t *target, o *Op) {
	b := &t.batches[o.Slot]
	var err error
	want := usable(t.db, b.spaces)
	if o.Durability == mantisdb.DurabilityDefault && o.TTL == 0 {
		err = t.db.Write(&b.real)
	} else {
		err = t.db.WriteWith(&b.real, o.writeOptions())
		if o.TTL != 0 || o.Durability > mantisdb.DurabilityMemory {
			want = errors.Join(want, mantisdb.ErrInvalidOptions)
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
