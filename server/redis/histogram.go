package redis

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts durations in buckets, each of which reaches twice as far as the one
// before: up to 125 ns, 250 ns, 500 ns, 1 µs and so on. The last one has no end.
const (
	histogramBuckets = 32
	firstBucket      = 125 // nanoseconds
)

type histogram [histogramBuckets]atomic.Int64

// bucketOf is the bucket of a duration.
func bucketOf(d time.Duration) int {
	if d <= firstBucket {
		return 0
	}
	return min(bits.Len64(uint64(d-1)/firstBucket), histogramBuckets-1)
}

// LatencyBucketEnd is the longest duration that a bucket of Latencies counts. The last
// bucket has no end.
func LatencyBucketEnd(bucket int) time.Duration { return firstBucket << bucket }

// Latencies are how many calls took how long: of each bucket, how many calls. Bucket i
// reaches up to 125 ns times 2 to the i; the last one has no end.
type Latencies [histogramBuckets]int64

// add adds what a histogram has.
func (l *Latencies) add(h *histogram) {
	for i := range h {
		l[i] += h[i].Load()
	}
}

// Count is the number of calls.
func (l *Latencies) Count() (n int64) {
	for _, calls := range l {
		n += calls
	}
	return n
}

// Percentile is the duration that p of a hundred calls did not exceed, as exactly as the
// buckets tell: it is interpolated within one. It is 0 without calls.
func (l *Latencies) Percentile(p float64) time.Duration {
	rank := p / 100 * float64(l.Count())
	below := 0.0
	for i, calls := range l {
		if calls == 0 || below+float64(calls) < rank {
			below += float64(calls)
			continue
		}
		begin := time.Duration(0)
		if i > 0 {
			begin = LatencyBucketEnd(i - 1)
		}
		return begin + time.Duration((rank-below)/float64(calls)*float64(LatencyBucketEnd(i)-begin))
	}
	return 0
}
