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
func deletion(key string) *entry {
	return &entry{key: key, written: pendingWrite, soonest: deleted, latest: deleted}
}

// rangeDeletion is a pending write that removes the keys of a range.
func rangeDeletion(r mantisdb.Range) *entry {
	return &entry{span: &r, written: pendingWrite, soonest: deleted, latest: deleted}
}

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
			t.remove(p.key)
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
	switch {
	case e.span != nil:
		return b.DeleteRange(*e.span)
	case e.isDeletion():
		return b.Delete([]byte(e.key))
	}
	e.soonest = e.latest
	return b.PutExpiresAt([]byte(e.key), []byte(e.value), e.latest)
}
