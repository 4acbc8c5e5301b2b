// Package cachesim replays traces of requests against the cache policies of the
// core, and shows the hit ratios as a table, a chart or JSON.
package cachesim

import (
	"errors"
	"fmt"
	"math"
)

// Trace is a sequence of requests. It takes 4 bytes a request, 8 with sizes.
type Trace struct {
	Name   string // to be shown
	Format string
	// Keys is the key of each request. Keys are numbered from 0, in the order in
	// which they first came.
	Keys []uint32
	// Sizes is how many bytes each request's entry takes, at least 1; nil if the
	// trace has no sizes, and all entries count the same.
	Sizes []uint32
	// Distinct is the number of different keys.
	Distinct int
	// Footprint is what a cache that holds everything holds: the bytes of all keys,
	// each at its largest, or without sizes the number of keys.
	Footprint uint64
}

// maxRequests is what the core numbers requests up to.
const maxRequests = math.MaxUint32

// builder makes a trace of requests as they come.
type builder struct {
	trace   Trace
	limit   uint64            // requests at most
	numbers map[uint64]uint32 // of the keys
	largest []uint32          // size of each key, if there are sizes
}

func newBuilder(name, format string, limit uint64) *builder {
	return &builder{trace: Trace{Name: name, Format: format}, limit: limit, numbers: make(map[uint64]uint32)}
}

// add adds a request of an entry without a size.
func (b *builder) add(key uint64) error {
	_, err := b.number(key)
	return err
}

// addSized adds a request of an entry that takes size bytes, where 0 counts as 1.
// A trace has sizes throughout or not at all.
func (b *builder) addSized(key uint64, size uint32) error {
	size = max(size, 1)
	number, err := b.number(key)
	if err != nil {
		return err
	}
	b.trace.Sizes = append(b.trace.Sizes, size)
	if int(number) == len(b.largest) {
		b.largest = append(b.largest, 0)
	}
	b.largest[number] = max(b.largest[number], size)
	return nil
}

// number adds a request of a key and returns the key's number.
func (b *builder) number(key uint64) (uint32, error) {
	if uint64(len(b.trace.Keys)) == b.limit {
		return 0, fmt.Errorf("there are more requests than can be replayed, which is %s", comma(b.limit))
	}
	number, known := b.numbers[key]
	if !known {
		number = uint32(len(b.numbers))
		b.numbers[key] = number
	}
	b.trace.Keys = append(b.trace.Keys, number)
	return number, nil
}

// finish is the trace, once all requests are added.
func (b *builder) finish() (*Trace, error) {
	t := &b.trace
	if len(t.Keys) == 0 {
		return nil, errors.New("there are no requests in it")
	}
	t.Distinct = len(b.numbers)
	t.Footprint = uint64(t.Distinct)
	if t.Sizes != nil {
		t.Footprint = 0
		for _, size := range b.largest {
			t.Footprint += uint64(size)
		}
	}
	return t, nil
}

// Units of caches' sizes.
const (
	unitEntries = "entries"
	unitBytes   = "bytes"
)

// unit names what sizes of caches are counted in.
func (t *Trace) unit() string {
	if t.Sizes != nil {
		return unitBytes
	}
	return unitEntries
}
