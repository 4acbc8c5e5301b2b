package mantisdb

import (
	"bytes"
	"maps"
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
	sorted  []int          // the newest offsets in the order of their keys, once a range was walked
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
	if p.sorted != nil {
		p.insert(key, offset)
	}
}

// insert keeps the offsets sorted.
func (p *pendingWrites) insert(key []byte, offset int) {
	i, found := p.place(key)
	if found {
		p.sorted[i] = offset
	} else {
		p.sorted = slices.Insert(p.sorted, i, offset)
	}
}

// place is where a key is in the sorted offsets, or would be.
func (p *pendingWrites) place(key []byte) (i int, found bool) {
	return slices.BinarySearchFunc(p.sorted, key, func(offset int, key []byte) int {
		return bytes.Compare(p.batch.At(offset).Key, key)
	})
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

// in are the offsets of the newest writes of the keys of a range, in its order. They
// are the caller's.
func (p *pendingWrites) in(r Range) []int {
	if len(p.offsets) == 0 {
		return nil
	}
	if p.sorted == nil {
		p.sorted = slices.SortedFunc(maps.Values(p.index()), func(a, b int) int {
			return bytes.Compare(p.batch.At(a).Key, p.batch.At(b).Key)
		})
	}
	start, _ := p.place(r.Start)
	end := len(p.sorted)
	if r.End != nil {
		end, _ = p.place(r.End)
	}
	offsets := slices.Clone(p.sorted[start:max(start, end)])
	if r.Reverse {
		slices.Reverse(offsets)
	}
	return offsets
}

func (p *pendingWrites) reset() {
	p.batch.Reset()
	p.offsets = p.offsets[:0]
	p.newest, p.sorted = nil, nil
}
