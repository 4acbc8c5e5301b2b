// Package cachesim replays traces of requests against the cache policies of the
// core, and shows the hit ratios as a table, a chart or JSON.
package cachesim

import (
	"errors"
	"fmt"
	"math"

	"github.com/mantisdb/mantisdb/storage"
)

// Trace is a sequence of requests. It takes 4 bytes a request, and 8 a key if keys have
// sizes. Keys are numbered from 0, in the order in which they first came; a key has the
// largest size that it came with throughout.
type Trace struct {
	storage.CacheTrace
	Name   string // to be shown
	Format string
	// Footprint is what a cache that holds everything holds: the bytes of all keys, or
	// without sizes the number of keys.
	Footprint uint64
}

// maxRequests is how many requests the core takes.
const maxRequests = math.MaxUint32

// builder makes a trace of requests as they come.
type builder struct {
	trace   Trace
	limit   uint64            // requests at most
	numbers map[uint64]uint32 // of the keys
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
	number, err := b.number(key)
	if err != nil {
		return err
	}
	t := &b.trace
	if int(number) == len(t.Sizes) {
		t.Sizes = append(t.Sizes, 1)
	}
	t.Sizes[number] = max(t.Sizes[number], uint64(size))
	return nil
}

// number adds a request of a key and returns the key's number.
func (b *builder) number(key uint64) (uint32, error) {
	t := &b.trace
	if uint64(len(t.Requests)) == b.limit {
		return 0, fmt.Errorf("there are more requests than can be replayed, which is %s", comma(b.limit))
	}
	number, known := b.numbers[key]
	if !known {
		number = uint32(len(b.numbers))
		b.numbers[key] = number
	}
	t.Requests = append(t.Requests, number)
	return number, nil
}

// finish is the trace, once all requests are added.
func (b *builder) finish() (*Trace, error) {
	t := &b.trace
	if len(t.Requests) == 0 {
		return nil, errors.New("there are no requests in it")
	}
	t.Keys = len(b.numbers)
	t.Footprint = uint64(t.Keys)
	if t.Sizes != nil {
		t.Footprint = 0
		for _, size := range t.Sizes {
			t.Footprint += size
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
