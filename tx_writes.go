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
	offsets []int          // where each operation on a key starts in the batch
	ranges  []int          // where each deletion of a range does
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

func (p *pendingWrites) deleteRange(start, end []byte) error {
	offset := p.batch.Size()
	if err := p.batch.DeleteRange(start, end); err != nil {
		return err
	}
	if p.batch.Size() > offset {
		p.ranges = append(p.ranges, offset)
	}
	return nil
}

// add adds a write as it is in another batch.
func (p *pendingWrites) add(op storage.Op) error {
	switch op.Kind {
	case storage.OpDelete:
		return p.delete(op.Key)
	case storage.OpDeleteRange:
		return p.deleteRange(op.Range().Start, op.Range().End)
	default:
		return p.put(op.Key, op.Value, op.ExpiresAt)
	}
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

// find is the newest write of a key, if there is one; the deletion of a range is one
// of each of its keys. It is borrowed until the next write.
func (p *pendingWrites) find(key []byte) (storage.Op, bool) {
	offset, ok := p.findOnKey(key)
	switch {
	case p.isDeleted(key, p.ranges, offset):
		return storage.Op{Kind: storage.OpDelete, Key: key}, true
	case ok:
		return p.batch.At(offset), true
	}
	return storage.Op{}, false
}

// findOnKey is where the newest operation on a key starts; without one it is -1.
func (p *pendingWrites) findOnKey(key []byte) (offset int, ok bool) {
	if p.newest == nil && len(p.offsets) > fewWrites {
		p.newest = p.index()
	}
	if p.newest != nil {
		if offset, ok = p.newest[string(key)]; ok {
			return offset, true
		}
		return -1, false
	}
	for _, offset := range slices.Backward(p.offsets) {
		if bytes.Equal(p.batch.At(offset).Key, key) {
			return offset, true
		}
	}
	return -1, false
}

// isDeleted tells whether one of some deletions of ranges, which are in the order in
// which they were added, holds a key and comes after an offset.
func (p *pendingWrites) isDeleted(key []byte, ranges []int, after int) bool {
	for _, offset := range slices.Backward(ranges) {
		if offset < after {
			return false
		}
		if p.batch.At(offset).Range().Contains(key) {
			return true
		}
	}
	return false
}

// index is the newest offset of each key.
func (p *pendingWrites) index() map[string]int {
	newest := make(map[string]int, len(p.offsets))
	for _, offset := range p.offsets {
		newest[string(p.batch.At(offset).Key)] = offset
	}
	return newest
}

// in are the offsets of the newest operations on the keys of a range, in its order,
// but for those that a deletion of a range has undone. They are the caller's.
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
	offsets = slices.DeleteFunc(offsets, func(offset int) bool {
		return p.isDeleted(p.batch.At(offset).Key, p.ranges, offset)
	})
	if r.Reverse {
		slices.Reverse(offsets)
	}
	return offsets
}

func (p *pendingWrites) reset() {
	p.batch.Reset()
	p.offsets, p.ranges = p.offsets[:0], p.ranges[:0]
	p.newest, p.sorted = nil, nil
}
