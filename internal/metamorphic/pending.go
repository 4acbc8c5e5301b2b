package metamorphic

import "github.com/mantisdb/mantisdb"

// Pending writes are entries of batches and transactions that are not written yet. Those
// that delete have expired ever since.
const (
	pendingWrite = ^uint64(0)
	deleted      = -1
)

// pending is a pending write of what an operation stores.
func (t *target) pending(o *Op) *entry {
	e := t.newEntry(o)
	e.written = pendingWrite
	return e
}

// deletion is a pending write that removes a key.
func (t *target) deletion(o *Op) *entry { return deletion(t.space(o), t.address(o)) }

func deletion(in *space, address string) *entry {
	return &entry{in: in, key: address, written: pendingWrite, soonest: deleted, latest: deleted}
}

// rangeDeletion is a pending write that removes the keys of a range of an operation's
// keyspace, nil if it can hold none.
func (t *target) rangeDeletion(o *Op, r mantisdb.Range) *entry {
	if isEmpty(r) {
		return nil
	}
	span := t.space(o).span(r)
	return &entry{in: t.space(o), span: &span, written: pendingWrite, soonest: deleted, latest: deleted}
}

func (e *entry) isIndex() bool { return e.key == indexAddress }

func (e *entry) isPending() bool { return e.written == pendingWrite }

func (e *entry) isDeletion() bool { return e.latest == deleted }

// touches tells whether a pending write is one of a key.
func (e *entry) touches(key string) bool {
	if e.span != nil {
		return contains(*e.span, key)
	}
	return e.key == key
}

// applyAll notes that pending writes were written.
func (t *target) applyAll(pending []*entry) {
	for _, p := range pending {
		switch {
		case p.span != nil:
			t.removeRange(*p.span)
		case p.isDeletion():
			t.remove(p.in, p.key)
		default:
			e := *p
			t.set(&e)
		}
	}
}

// writeAll writes pending writes as a batch.
func (t *target) writeAll(pending []*entry) error {
	var b mantisdb.Batch
	for _, e := range pending {
		if err := e.addTo(&b); err != nil {
			return err
		}
	}
	return t.db.Write(&b)
}

func (e *entry) addTo(b *mantisdb.Batch) error {
	if e.isIndex() {
		return b.SetAppliedIndex([]byte(e.value))
	}
	in := b.In(e.in.real)
	switch {
	case e.span != nil:
		return in.DeleteRange(e.in.names(*e.span))
	case e.isDeletion():
		return in.Delete([]byte(e.name()))
	}
	e.soonest = e.latest
	return in.PutExpiresAt([]byte(e.name()), []byte(e.value), e.latest)
}
