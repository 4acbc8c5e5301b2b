// Package measure takes the figures: latencies, memory, disk, and the record in
// which they are written down.
package measure

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The longest latency that is told apart, and the digits that are kept of each.
const (
	longest = int64(10 * time.Minute)
	digits  = 3
)

// start is what Now counts from.
var start = time.Now()

// Now is a moment of the monotonic clock in nanoseconds, read once an operation:
// an operation ends when the next one begins.
func Now() int64 { return int64(time.Since(start)) }

// Latencies counts latencies of one client.
type Latencies struct {
	histogram *hdrhistogram.Histogram
}

// NewLatencies counts none yet.
func NewLatencies() *Latencies {
	return &Latencies{hdrhistogram.New(1, longest, digits)}
}

// Add counts one latency in nanoseconds. What is outside the range counts at its
// end.
func (l *Latencies) Add(nanos int64) {
	// It cannot fail: the value is within the histogram's range.
	_ = l.histogram.RecordValue(min(max(nanos, 1), longest))
}

// Reset counts none again.
func (l *Latencies) Reset() { l.histogram.Reset() }

// Merge adds what another client counted.
func (l *Latencies) Merge(other *Latencies) { l.histogram.Merge(other.histogram) }

// Count is how many were counted.
func (l *Latencies) Count() int64 { return l.histogram.TotalCount() }

// Fill sets a record's latencies.
func (l *Latencies) Fill(r *Record) {
	r.P50 = l.histogram.ValueAtQuantile(50)
	r.P99 = l.histogram.ValueAtQuantile(99)
	r.P999 = l.histogram.ValueAtQuantile(99.9)
	r.Max = l.histogram.Max()
}
