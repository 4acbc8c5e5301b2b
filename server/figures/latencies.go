package figures

import (
	"encoding/json"
	"fmt"
	"time"
)

// Latencies are how many calls took how long: of each bucket, how many calls. Bucket i
// reaches up to 125 ns times 2 to the i; the last one has no end.
type Latencies [histogramBuckets]int64

// BucketEnd is the longest duration that a bucket of Latencies counts. The last bucket has
// no end.
func BucketEnd(bucket int) time.Duration { return firstBucket << bucket }

// Add adds what a histogram has.
func (l *Latencies) Add(h *Histogram) {
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
			begin = BucketEnd(i - 1)
		}
		return begin + time.Duration((rank-below)/float64(calls)*float64(BucketEnd(i)-begin))
	}
	return 0
}

// latenciesJSON is how Latencies are written.
type latenciesJSON struct {
	P50     time.Duration `json:"p50_nanos"`
	P99     time.Duration `json:"p99_nanos"`
	P999    time.Duration `json:"p999_nanos"`
	Buckets []int64       `json:"buckets"`
}

// MarshalJSON writes the usual percentiles in nanoseconds, and the buckets up to the last
// one that has a call.
func (l Latencies) MarshalJSON() ([]byte, error) {
	used := len(l)
	for used > 0 && l[used-1] == 0 {
		used--
	}
	return json.Marshal(latenciesJSON{l.Percentile(50), l.Percentile(99), l.Percentile(99.9), l[:used]})
}

// UnmarshalJSON reads the buckets, which tell all there is.
func (l *Latencies) UnmarshalJSON(text []byte) error {
	var read latenciesJSON
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	if len(read.Buckets) > len(l) {
		return fmt.Errorf("latencies have %d buckets, and not %d", len(l), len(read.Buckets))
	}
	*l = Latencies{}
	copy(l[:], read.Buckets)
	return nil
}
