package storage

import (
	"encoding/binary"
	"fmt"
)

// readHeaderLen is the length of a packed read before its bytes:
//
//	kind u8 | first length u32 | second length u32 | what u64
const readHeaderLen = 1 + 4 + 4 + 8

// The kinds of read. The numbers are part of the packed format.
const (
	readKey   = 1
	readRange = 2
)

// ReadSet gathers what a transaction has read at a snapshot, for
// Snapshot.WriteIf. The zero value is ready; it is not safe for concurrent use.
//
// Reads are kept in the packed form in which they cross into an engine
// (little-endian, back to back): of a key, itself and the version of its value, 0
// for none; of a range, its start and end, empty for none, and when it was first
// read, in Unix milliseconds.
type ReadSet struct {
	packed []byte
}

// AddKey adds the read of a key: the version of the value that it had, 0 for none.
func (r *ReadSet) AddKey(key []byte, version uint64) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return r.append(readKey, key, nil, version)
}

// AddRange adds the read of the keys k with start <= k < end; nil is unbounded.
// since is when it was read first, in Unix milliseconds.
func (r *ReadSet) AddRange(start, end []byte, since int64) error {
	if end != nil && len(end) == 0 {
		return nil // no key is before the empty one
	}
	return r.append(readRange, start, end, uint64(since))
}

func (r *ReadSet) append(kind byte, first, second []byte, what uint64) error {
	if len(r.packed)+readHeaderLen+len(first)+len(second) > MaxBatchLen {
		return fmt.Errorf("%w: over %d bytes of reads", ErrBatchTooLarge, MaxBatchLen)
	}
	p := append(r.packed, kind)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(first)))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(second)))
	p = binary.LittleEndian.AppendUint64(p, what)
	p = append(p, first...)
	r.packed = append(p, second...)
	return nil
}

// Size is the packed length in bytes.
func (r *ReadSet) Size() int { return len(r.packed) }

// Reset empties the set and keeps its memory.
func (r *ReadSet) Reset() { r.packed = r.packed[:0] }

// read is one read of a set; its bytes are borrowed from it.
type read struct {
	kind          byte
	first, second []byte
	what          uint64
}

// all yields the reads.
func (r *ReadSet) all(yield func(read) bool) {
	for p := r.packed; len(p) > 0; {
		f := int(binary.LittleEndian.Uint32(p[1:]))
		s := int(binary.LittleEndian.Uint32(p[5:]))
		body := p[readHeaderLen:]
		one := read{kind: p[0], first: body[:f:f], second: body[f : f+s : f+s], what: binary.LittleEndian.Uint64(p[9:])}
		if !yield(one) {
			return
		}
		p = body[f+s:]
	}
}
