package engine

import (
	"fmt"
	"math"
)

// A memory budget is split the same way for every store that has both: a quarter
// for write buffers, three quarters for the cache of blocks. Buffers of more
// than 64 MiB, the largest default among the stores, gain nothing: what they do
// not need goes to the cache.
const (
	writeBuffers   = 4
	minWriteBuffer = 1 << 20
	maxWriteBuffer = 64 << 20
)

// budget is what a store gets, in bytes.
type budget struct {
	buffer uint64 // one write buffer, of writeBuffers
	cache  uint64
}

// split splits the budget of c. One write buffer is at most most bytes, which is
// what the store can take when c asks for a given one.
func split(c Config, most uint64) budget {
	if c.WriteBuffer != 0 {
		return budget{buffer: min(c.WriteBuffer, most), cache: c.Limit}
	}
	buffer := min(max(c.Limit/16, minWriteBuffer), maxWriteBuffer)
	cache := uint64(0)
	if all := buffer * writeBuffers; all < c.Limit {
		cache = c.Limit - all
	}
	return budget{buffer: buffer, cache: min(cache, math.MaxInt64)}
}

func (b budget) String() string {
	return fmt.Sprintf("%d write buffers of %s, cache %s", writeBuffers, mebibytes(b.buffer), mebibytes(b.cache))
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
