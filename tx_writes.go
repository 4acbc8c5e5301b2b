package mantisdb

import (
	"bytes"
	"slices"

	"github.com/mantisdb/mantisdb/storage"
)

// pendingWrites are the writes of a transaction that is not committed, as the batch
// that they will be. Few are searched one by one; many by way of a map, which is made
// when the first is looked for, since a transaction may well never look.
type pendingWrites struct {
	batch   storage.Batch
	offsets []int          // where each operation starts in the batch
	newest  map[string]int // the newest offset of each key, once many were searched
}

// fewWrites may be searched one by one.
const fewWrites = 16

func (p *pendingWrites) put(key, value []byte, expiresAt int64) error {
	offset := p.batch.Size()
	if err := p.batch.Put(key, value, expiresAt); err != nil {
		return err
	}
	p.added(key, offset)
	return nil
}

func (p *pendingWrites) delete(key []byte) error {
	offset := p.batch.Size()
	if err := p.batch.Delete(key); err != nil {
		return err
	}
	p.added(key, offset)
	return nil
}

// add adds a write as it is in another batch.
func (p *pendingWrites) add(op storage.Op) error {
	if op.Kind == storage.OpDelete {
		return p.delete(op.Key)
	}
	return p.put(op.Key, op.Value, op.ExpiresAt)
}

func (p *pendingWrites) added(key []byte, offset int) {
	p.offsets = append(p.offsets, offset)
	if p.newest != nil {
		p.newest[string(key)] = offset
	}
}

// find is the newest write of a key, if there is one. It is borrowed until the next
// write.
func (p *pendingWrites) find(key []byte) (storage.Op, bool) {
	if p.newest == nil && len(p.offsets) > fewWrites {
		p.newest = p.index()
	}
	if p.newest != nil {
		offset, ok := p.newest[string(key)]
		if !ok {
			return storage.Op{}, false
		}
		return p.batch.At(offset), true
	}
	for _, offset := range slices.Backward(p.offsets) {
		if op := p.batch.At(offset); bytes.Equal(op.Key, key) {
			return op, true
		}
	}
	return storage.Op{}, false
}

// index is the newest offset of each key.
func (p *pendingWrites) index() map[string]int {
	newest := make(map[string]int, len(p.offsets))
	for _, offset := range p.offsets {
		newest[string(p.batch.At(offset).Key)] = offset
	}
	return newest
}

// in are the offsets of the newest writes of the keys of a range, in its order.
func (p *pendingWrites) in(r Range) []int {
	newest := p.newest
	if newest == nil {
		newest = p.index()
	}
	var offsets []int
	for key, offset := range newest {
		if key >= string(r.Start) && (r.End == nil || key < string(r.End)) {
			offsets = append(offsets, offset)
		}
	}
	slices.SortFunc(offsets, func(a, b int) int {
		return bytes.Compare(p.batch.At(a).Key, p.batch.At(b).Key)
	})
	if r.Reverse {
		slices.Reverse(offsets)
	}
	return offsets
}

func (p *pendingWrites) reset() {
	p.batch.Reset()
	p.offsets = p.offsets[:0]
	p.newest = nil
}
