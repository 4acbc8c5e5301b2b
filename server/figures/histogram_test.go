package figures

import (
	"testing"
	"time"
)

func TestBucketsOfDurations(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want int
	}{
		{-1, 0}, {0, 0}, {125, 0}, {126, 1}, {250, 1}, {251, 2}, {time.Microsecond, 3}, {time.Microsecond + 1, 4},
		{2 * time.Microsecond, 4}, {time.Hour, histogramBuckets - 1}, {1 << 62, histogramBuckets - 1},
	} {
		if got := bucketOf(c.d); got != c.want {
			t.Errorf("bucketOf(%d) = %d, want %d", c.d, got, c.want)
		}
	}
	for bucket := range histogramBuckets - 1 {
		if got := bucketOf(BucketEnd(bucket)); got != bucket {
			t.Errorf("the end of bucket %d is in bucket %d", bucket, got)
		}
		if got := bucketOf(BucketEnd(bucket) + 1); got != bucket+1 {
			t.Errorf("what is behind bucket %d is in bucket %d", bucket, got)
		}
	}
}

func TestPercentiles(t *testing.T) {
	var none Latencies
	if got := none.Percentile(50); got != 0 {
		t.Errorf("of no calls: %v", got)
	}
	// 99 calls of up to 1 µs, and one of up to 1.024 ms.
	var h Histogram
	h.Add(time.Microsecond, 99)
	h.Add(time.Millisecond, 1)
	var l Latencies
	l.Add(&h)
	if got := l.Count(); got != 100 {
		t.Errorf("%d calls", got)
	}
	for p, within := range map[float64][2]time.Duration{
		50:   {500, time.Microsecond},
		99:   {500, time.Microsecond},
		99.9: {512 * time.Microsecond, 1024 * time.Microsecond},
		100:  {1024 * time.Microsecond, 1024 * time.Microsecond},
	} {
		if got := l.Percentile(p); got < within[0] || got > within[1] {
			t.Errorf("percentile %v is %v, want %v", p, got, within)
		}
	}
}
