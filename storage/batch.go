package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Limits in bytes, the same for every engine.
const (
	// MaxKeyLen is that of the longest key: a user's of 64 KiB, and what package
	// mantisdb puts before it.
	MaxKeyLen   = 64<<10 + 16
	MaxValueLen = 64 << 20 // longest value
	MaxBatchLen = 1 << 30  // longest packed batch, headers included
)

// OpKind tells what a batch operation does.
type OpKind uint8

// The kinds of batch operation. The numbers are part of the packed format.
const (
	OpPut         OpKind = 1
	OpDelete      OpKind = 2
	OpDeleteRange OpKind = 3
)

// opHeaderLen is the length of a packed operation before its key:
//
//	kind u8 | key length u32 | value length u32 | expiry u64
const opHeaderLen = 1 + 4 + 4 + 8

// Op is one operation of a batch. Key and Value are borrowed from the batch:
// they are valid until it is next changed.
type Op struct {
	Kind      OpKind
	Key       []byte // of a range, its first key; empty from the first of all
	Value     []byte // of a range, the first key after it; empty to the last of all
	ExpiresAt int64  // Unix milliseconds; 0 is never
}

// Range is what an OpDeleteRange deletes; borrowed as Key and Value are.
func (o Op) Range() Range {
	r := Range{Start: o.Key}
	if len(o.Value) > 0 {
		r.End = o.Value
	}
	return r
}

// Batch gathers writes that are applied together: whole, or not at all. A later
// operation on the same key wins. The zero value is ready; a Batch is not safe
// for concurrent use, and may be used again after Reset.
//
// Operations are kept in the packed form in which they cross into an engine
// (little-endian; operations back to back):
//
//	kind u8 | key length u32 | value length u32 | expiry u64 | key | value
type Batch struct {
	packed []byte
	count  int
}

// Put adds a write of value under key. Expiry is in Unix milliseconds, 0 for
// never. Both are copied.
func (b *Batch) Put(key, value []byte, expiresAt int64) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := CheckValue(value); err != nil {
		return err
	}
	if err := checkExpiry(expiresAt); err != nil {
		return err
	}
	return b.append(OpPut, key, value, expiresAt)
}

// Delete adds the removal of key, which need not exist. The key is copied.
func (b *Batch) Delete(key []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return b.append(OpDelete, key, nil, 0)
}

// DeleteRange adds the removal of the keys k with start <= k < end; nil is
// unbounded. What the batch adds after it stays. A range that holds no key adds
// nothing. Both are copied.
func (b *Batch) DeleteRange(start, end []byte) error {
	if end != nil && string(start) >= string(end) {
		return nil
	}
	for _, bound := range [][]byte{start, end} {
		if len(bound) > MaxKeyLen {
			return CheckKey(bound)
		}
	}
	return b.append(OpDeleteRange, start, end, 0)
}

func (b *Batch) append(kind OpKind, key, value []byte, expiresAt int64) error {
	if len(b.packed)+opHeaderLen+len(key)+len(value) > MaxBatchLen {
		return fmt.Errorf("%w: over %d bytes", ErrBatchTooLarge, MaxBatchLen)
	}
	p := append(b.packed, byte(kind))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(key)))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(value)))
	p = binary.LittleEndian.AppendUint64(p, uint64(expiresAt))
	p = append(p, key...)
	b.packed = append(p, value...)
	b.count++
	return nil
}

// Len is the number of operations.
func (b *Batch) Len() int { return b.count }

// Size is the packed length in bytes.
func (b *Batch) Size() int { return len(b.packed) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() { b.packed, b.count = b.packed[:0], 0 }

// Packed is the packed form, borrowed until the batch is next changed.
func (b *Batch) Packed() []byte { return b.packed }

// At is the operation that begins at an offset of the packed form: the Size from
// before it was added.
func (b *Batch) At(offset int) Op {
	op, _ := unpack(b.packed[offset:])
	return op
}

// All yields the operations in the order in which they were added.
func (b *Batch) All() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for p := b.packed; len(p) > 0; {
			op, rest := unpack(p)
			if !yield(op) {
				return
			}
			p = rest
		}
	}
}

// AddPacked adds the operations of a packed run, as Packed gives them, from wherever it comes.
// If they are not what Put, Delete and DeleteRange would have added, nothing is added, and it
// is ErrBatchCorrupt. The bytes are copied.
func (b *Batch) AddPacked(packed []byte) error {
	if len(b.packed)+len(packed) > MaxBatchLen {
		return fmt.Errorf("%w: over %d bytes", ErrBatchTooLarge, MaxBatchLen)
	}
	count, err := CheckPacked(packed)
	if err != nil {
		return err
	}
	b.packed = append(b.packed, packed...)
	b.count += count
	return nil
}

// CheckPacked returns how many operations a packed run has, from wherever it comes. It is
// ErrBatchCorrupt if they are not what Put, Delete and DeleteRange would have added.
func CheckPacked(packed []byte) (count int, err error) {
	for p := packed; len(p) > 0; count++ {
		if len(p) < opHeaderLen {
			return 0, fmt.Errorf("%w: %d bytes are left for operation %d", ErrBatchCorrupt, len(p), count)
		}
		k, v := uint64(binary.LittleEndian.Uint32(p[1:])), uint64(binary.LittleEndian.Uint32(p[5:]))
		if k+v > uint64(len(p)-opHeaderLen) {
			return 0, fmt.Errorf("%w: operation %d is longer than what is left", ErrBatchCorrupt, count)
		}
		op, rest := unpack(p)
		if err := op.check(); err != nil {
			return 0, fmt.Errorf("%w: operation %d: %w", ErrBatchCorrupt, count, err)
		}
		p = rest
	}
	return count, nil
}

// check returns nil for an operation that a batch may have.
func (o Op) check() error {
	switch o.Kind {
	case OpPut:
		return errors.Join(CheckKey(o.Key), CheckValue(o.Value), checkExpiry(o.ExpiresAt))
	case OpDelete:
		if len(o.Value) > 0 || o.ExpiresAt != 0 {
			return errors.New("a deletion has a value or an expiry")
		}
		return CheckKey(o.Key)
	case OpDeleteRange:
		switch {
		case len(o.Key) > MaxKeyLen || len(o.Value) > MaxKeyLen:
			return ErrKeyTooLarge
		case o.ExpiresAt != 0:
			return errors.New("the deletion of a range has an expiry")
		case len(o.Value) > 0 && string(o.Key) >= string(o.Value):
			return errors.New("the range to be deleted holds no key")
		}
		return nil
	}
	return fmt.Errorf("unknown kind %d", o.Kind)
}

// UnpackOp is the first operation of a packed run that CheckPacked has found right and that is not
// empty, and what follows it. Both are borrowed from the run.
func UnpackOp(packed []byte) (op Op, rest []byte) { return unpack(packed) }

func unpack(p []byte) (op Op, rest []byte) {
	k := int(binary.LittleEndian.Uint32(p[1:]))
	v := int(binary.LittleEndian.Uint32(p[5:]))
	body := p[opHeaderLen:]
	return Op{
		Kind:      OpKind(p[0]),
		Key:       body[:k:k],
		Value:     body[k : k+v : k+v],
		ExpiresAt: int64(binary.LittleEndian.Uint64(p[9:])),
	}, body[k+v:]
}
