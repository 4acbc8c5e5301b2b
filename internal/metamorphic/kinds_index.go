package metamorphic

import "github.com/mantisdb/mantisdb"

// The value of an operation on the applied index is the index.
var indexKinds = []kind{
	{"applied-index", 10, (*generator).nothing, runAppliedIndex},
	{"batch-set-applied-index", 8, (*generator).batchIndex, runBatchSetAppliedIndex},
	{"tx-set-applied-index", 4, (*generator).slotIndex, runTxSetAppliedIndex},
}

func runAppliedIndex(t *target, _ *Op) { t.compareIndex(t.db, &t.state) }

// compareIndex compares a database's applied index with that of a state.
func (t *target) compareIndex(db *mantisdb.DB, s *state) {
	index, err := db.AppliedIndex()
	t.err("AppliedIndex", err, nil)
	want := s.get(indexAddress, t.began)
	t.value("AppliedIndex", index, want)
	t.check((index != nil) == (want != nil), "there is an applied index: %v, want %v", index != nil, want != nil)
}

// indexWrite is a pending write of the applied index.
func indexWrite(o *Op) *entry {
	return &entry{key: indexAddress, value: o.Value.Text(), written: pendingWrite}
}

// invalidIndex is the error of an applied index, nil if it is valid.
func (b Blob) invalidIndex() error {
	if b.len() > mantisdb.MaxAppliedIndexLen {
		return mantisdb.ErrInvalidOptions
	}
	return nil
}

func runBatchSetAppliedIndex(t *target, o *Op) {
	b := &t.batches[o.Slot]
	if t.err("Batch.SetAppliedIndex", b.real.SetAppliedIndex(o.Value.Bytes()), o.Value.invalidIndex()) {
		b.pending = append(b.pending, indexWrite(o))
	}
	t.batchLen(b)
}

func runTxSetAppliedIndex(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil {
		return
	}
	want := o.Value.invalidIndex()
	if want == nil {
		want = x.writable()
	}
	if t.err("Tx.SetAppliedIndex", x.real.SetAppliedIndex(o.Value.Bytes()), want) {
		x.pending = append(x.pending, indexWrite(o))
	}
}
