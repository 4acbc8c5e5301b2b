package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// readHeaderLen is the length of a packed read before its bytes:
//
//	kind u8 | first length u32 | second length u32 | version u64 | expiry u64
const readHeaderLen = 1 + 4 + 4 + 8 + 8

// The kinds of read. The numbers are part of the packed format.
const (
	readKey   = 1
	readRange = 2
)

// fewReads may be searched one by one.
const fewReads = 16

// ReadSet gathers what a transaction has read at a snapshot, for
// Snapshot.WriteIf. What is read again takes no more room. The zero value is ready;
// it is not safe for concurrent use.
//
// Reads are kept in the packed form in which they cross into an engine
// (little-endian, back to back): of a key, itself and the version and expiry of its
// value, 0 for none; of a range, its start and end, empty for none, and when the
// first of its values expires.
type ReadSet struct {
	packed []byte
	count  int
	keys   map[string]struct{} // the keys, once there are many reads
	ranges []int               // where reads of ranges begin
}

// AddKey adds the read of a key: the version and the expiry of the value that it
// had, both 0 for none.
func (r *ReadSet) AddKey(key []byte, m Meta) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if r.hasKey(key) {
		return nil
	}
	if err := r.append(readKey, key, nil, m); err != nil {
		return err
	}
	if r.keys != nil {
		r.keys[string(key)] = struct{}{}
	}
	return nil
}

func (r *ReadSet) hasKey(key []byte) bool {
	if r.keys == nil && r.count > fewReads {
		r.keys = make(map[string]struct{}, 4*fewReads)
		for one := range r.all {
			if one.kind == readKey {
				r.keys[string(one.first)] = struct{}{}
			}
		}
	}
	if r.keys != nil {
		_, ok := r.keys[string(key)]
		return ok
	}
	for one := range r.all {
		if one.kind == readKey && bytes.Equal(one.first, key) {
			return true
		}
	}
	return false
}

// AddRange adds the read of the keys k with start <= k < end; nil is unbounded.
// expiresAt is when the first of the values that were read expires, in Unix
// milliseconds, 0 for never.
func (r *ReadSet) AddRange(start, end []byte, expiresAt int64) error {
	if end != nil && string(start) >= string(end) {
		return nil // it holds no key
	}
	// Those read last are the likeliest to be read again.
	for _, offset := range slices.Backward(r.ranges[max(0, len(r.ranges)-fewReads):]) {
		if one, _ := unpackRead(r.packed[offset:]); one.covers(start, end) {
			r.sooner(offset, expiresAt)
			return nil
		}
	}
	offset := len(r.packed)
	if err := r.append(readRange, start, end, Meta{ExpiresAt: expiresAt}); err != nil {
		return err
	}
	r.ranges = append(r.ranges, offset)
	return nil
}

// sooner notes that a value of the read at an offset expires at some time.
func (r *ReadSet) sooner(offset int, expiresAt int64) {
	at := r.packed[offset+readHeaderLen-8:][:8]
	known := binary.LittleEndian.Uint64(at)
	if expiresAt != 0 && (known == 0 || uint64(expiresAt) < known) {
		binary.LittleEndian.PutUint64(at, uint64(expiresAt))
	}
}

func (r *ReadSet) append(kind byte, first, second []byte, m Meta) error {
	if len(r.packed)+readHeaderLen+len(first)+len(second) > MaxBatchLen {
		return fmt.Errorf("%w: over %d bytes of reads", ErrBatchTooLarge, MaxBatchLen)
	}
	p := append(r.packed, kind)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(first)))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(second)))
	p = binary.LittleEndian.AppendUint64(p, m.Version)
	p = binary.LittleEndian.AppendUint64(p, uint64(m.ExpiresAt))
	p = append(p, first...)
	r.packed = append(p, second...)
	r.count++
	return nil
}

// Size is the packed length in bytes.
func (r *ReadSet) Size() int { return len(r.packed) }

// Reset empties the set and keeps its memory.
func (r *ReadSet) Reset() {
	*r = ReadSet{packed: r.packed[:0], ranges: r.ranges[:0]}
}

// read is one read of a set; its bytes are borrowed from it.
type read struct {
	kind          byte
	first, second []byte
	meta          Meta
}

// covers tells whether a range that was read holds all of another one.
func (r read) covers(start, end []byte) bool {
	endsLater := len(r.second) == 0 || (end != nil && string(end) <= string(r.second))
	return string(r.first) <= string(start) && endsLater
}

// all yields the reads.
func (r *ReadSet) all(yield func(read) bool) {
	for p := r.packed; len(p) > 0; {
		one, rest := unpackRead(p)
		if !yield(one) {
			return
		}
		p = rest
	}
}

// unpackRead is the first read of a packed run, and what follows it.
func unpackRead(p []byte) (one read, rest []byte) {
	f := int(binary.LittleEndian.Uint32(p[1:]))
	s := int(binary.LittleEndian.Uint32(p[5:]))
	body := p[readHeaderLen:]
	return read{
		kind: p[0], first: body[:f:f], second: body[f : f+s : f+s],
		meta: Meta{
			Version:   binary.LittleEndian.Uint64(p[9:]),
			ExpiresAt: int64(binary.LittleEndian.Uint64(p[17:])),
		},
	}, body[f+s:]
}
