package metamorphic

import "github.com/mantisdb/mantisdb"

var iteratorKinds = []kind{
	{"iterate", 15, (*generator).iterate, runIterate},
	{"snapshot-iterate", 10, (*generator).slotIterate, runSnapshotIterate},
	{"tx-iterate", 10, (*generator).slotIterate, runTxIterate},
}

// walkerIn is the model of an iterator over a state that does not change.
func (t *target) walkerIn(s *state, r mantisdb.Range) *walker {
	return &walker{
		r:     r,
		list:  func(r mantisdb.Range) []*entry { return s.in(r, t.began) },
		ended: func(mantisdb.Range, []*entry, int, bool) {},
	}
}

// putBeside is a put that an iterator must not see.
func (t *target) putBeside(o *Op) {
	if t.err("Put beside an iterator", t.in(o).Put(o.Key.Bytes(), o.Value.Bytes()), t.invalid(o)) {
		t.set(t.newEntry(o))
	}
}

func runIterate(t *target, o *Op) {
	r := t.rangeOf(o)
	w := t.walkerIn(t.state.clone(), t.space(o).span(r))
	t.iterate(t.in(o).Iterator(r), w, o, t.spaceOf(o, t.db), nil, func() { t.putBeside(o) })
}

func runSnapshotIterate(t *target, o *Op) {
	s := t.snapshots[o.Slot]
	if s == nil {
		return
	}
	r := t.rangeOf(o)
	w := t.walkerIn(s.state, t.space(o).span(r))
	var lazily error
	if s.closed {
		lazily = mantisdb.ErrClosed
	}
	t.iterate(s.in(t, o).Iterator(r), w, o, t.spaceOf(o, s.db), lazily, func() { t.putBeside(o) })
}

// runTxIterate puts into the transaction beside the iterator, which sees that once it
// has turned or jumped.
func runTxIterate(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil {
		return
	}
	r := t.rangeOf(o)
	wrong, lazily := t.spaceOf(o, x.db), x.readable()
	w := &walker{
		r: t.space(o).span(r),
		list: func(r mantisdb.Range) []*entry {
			if lazily != nil {
				return nil
			}
			x.begin(t)
			return x.entries(r, t.began)
		},
		ended: func(r mantisdb.Range, all []*entry, n int, end bool) {
			if lazily == nil && (n > 0 || end) {
				x.scanned(r, all, all[:n], !end, t.began)
			}
		},
	}
	t.iterate(x.in(t, o).Iterator(r), w, o, wrong, lazily, func() { runTxPut(t, o) })
}
