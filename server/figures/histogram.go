package figures

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"time"
)

// A Histogram counts durations in buckets, each of which reaches twice as far as the one
// before: up to 125 ns, 250 ns, 500 ns, 1 µs and so on. The last one has no end. Counting
// takes no lock and allocates nothing.
type Histogram [histogramBuckets]atomic.Int64

const (
	histogramBuckets = 32
	firstBucket      = 125 // nanoseconds
)

// Add counts n times a duration.
func (h *Histogram) Add(d time.Duration, n int) { h[bucketOf(d)].Add(int64(n)) }

// Reset forgets what was counted.
func (h *Histogram) Reset() {
	for i := range h {
		h[i].Store(0)
	}
}

// bucketOf is the bucket of a duration.
func bucketOf(d time.Duration) int {
	if d <= firstBucket {
		return 0
	}
	return min(bits.Len64(uint64(d-1)/firstBucket), histogramBuckets-1)
}

// Shards is how many shards a figure has that many count at once: a power of two, and more
// than there are cores, so that those who count at once seldom share one; up to a bound.
func Shards() int {
	return 1 << bits.Len(uint(max(8, min(2*runtime.GOMAXPROCS(0), 64))-1))
}
