package storage

import "fmt"

// Values receives what MultiGet found: one result a key, in the keys' order, in
// one arena that is reused from call to call. The zero value is ready; it is
// not safe for concurrent use.
type Values struct {
	arena []byte
	spans []span
	// What an engine packs and unpacks, kept so that the next call allocates
	// nothing.
	scratch multiGetScratch
	limit   int // bytes; 0: none
}

// span is a value's place in the arena; start < 0 says that there is none.
type span struct{ start, end int }

// multiGetScratch is a MultiGet's keys back to back, where each ends, and the
// values' lengths.
type multiGetScratch struct {
	keys    []byte
	ends    []uint32
	lengths []int64
}

// SetLimit has MultiGet fail with ErrResultTooLarge rather than gather more bytes of values
// than that; 0 is without a limit. It holds until it is set again.
func (v *Values) SetLimit(bytes int) { v.limit = bytes }

// check is ErrResultTooLarge if so many bytes are more than the limit.
func (v *Values) check(bytes int) error {
	if v.limit > 0 && bytes > v.limit {
		return fmt.Errorf("%w: the values take %d bytes or more, and the limit is %d", ErrResultTooLarge, bytes, v.limit)
	}
	return nil
}

// Reset empties v and keeps its memory.
func (v *Values) Reset() { v.arena, v.spans = v.arena[:0], v.spans[:0] }

// Len is the number of results.
func (v *Values) Len() int { return len(v.spans) }

// At returns the i-th result and whether the key was found. The bytes are
// borrowed: valid until v is next changed.
func (v *Values) At(i int) ([]byte, bool) {
	s := v.spans[i]
	if s.start < 0 {
		return nil, false
	}
	return v.arena[s.start:s.end:s.end], true
}

// AppendFound adds a found value, which is copied.
func (v *Values) AppendFound(value []byte) {
	start := len(v.arena)
	v.arena = append(v.arena, value...)
	v.spans = append(v.spans, span{start, len(v.arena)})
}

// AppendMissing adds a key that was not found.
func (v *Values) AppendMissing() { v.spans = append(v.spans, span{-1, -1}) }
