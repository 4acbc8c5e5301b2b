package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are counted in nanoseconds up to latencyLimit, with an error of at
// most 0.1 %.
const (
	latencyLimit  = int64(time.Minute)
	latencyDigits = 3
)

// recorder takes the latencies of one goroutine's operations.
//
// Asking the clock twice costs about as much as a tenth of a fast operation, so
// only a sample is timed: of every interval operations one, at an offset drawn
// anew each time lest it falls in step with something periodic. The stretches
// between timed operations are measured as a whole. No operation can have taken
// longer than the stretch it is in, so that the longest of timed operations and
// stretches bounds the latency of all operations: no stall goes unseen.
//
//	timed := r.due()
//	operation()
//	if timed {
//		r.done()
//	}
type recorder struct {
	histogram *hdrhistogram.Histogram
	random    rand.PCG
	interval  uint64        // a power of two
	wait      uint64        // operations before the next timed one
	offset    uint64        // of the timed operation in its interval
	began     time.Duration // when the current timed operation or stretch did
	longest   time.Duration
}

func newRecorder(interval uint64, seed, stream uint64) *recorder {
	r := &recorder{
		histogram: hdrhistogram.New(1, latencyLimit, latencyDigits),
		interval:  interval,
	}
	r.random.Seed(seed, stream)
	r.draw()
	r.wait = r.offset
	return r
}

// resume begins a stretch: before the first operation and after a pause.
func (r *recorder) resume() { r.began = now() }

// pause ends a stretch, so that what follows is not taken for an operation.
func (r *recorder) pause() { r.longest = max(r.longest, now()-r.began) }

// due tells whether the operation that follows is timed.
func (r *recorder) due() bool {
	if r.wait > 0 {
		r.wait--
		return false
	}
	r.begin()
	return true
}

func (r *recorder) begin() {
	t := now()
	r.longest = max(r.longest, t-r.began)
	r.began = t
}

// done ends a timed operation and begins a stretch.
func (r *recorder) done() {
	t := now()
	latency := t - r.began
	r.began = t
	r.longest = max(r.longest, latency)
	// A value within the limit cannot be refused.
	_ = r.histogram.RecordValue(min(max(int64(latency), 0), latencyLimit))

	rest := r.interval - 1 - r.offset
	r.draw()
	r.wait = rest + r.offset
}

func (r *recorder) draw() { r.offset = r.random.Uint64() & (r.interval - 1) }

// epoch is where now counts from. time.Since of a time with a monotonic reading
// asks only for the monotonic clock, at half the cost of time.Now.
var epoch = time.Now()

func now() time.Duration { return time.Since(epoch) }

// clockCost is what one call of now takes: the least of several means, since
// some are disturbed.
func clockCost() time.Duration {
	const rounds, calls = 20, 1000
	least := time.Duration(latencyLimit)
	for range rounds {
		began := now()
		for range calls - 1 {
			now()
		}
		least = min(least, (now()-began)/calls)
	}
	return least
}

// slowClock is what a look at the clock takes where it needs a system call.
const slowClock = 150 * time.Nanosecond

// clockWarning is a line for the user if a clock of that cost distorts the
// latencies of fast operations, else empty.
func clockWarning(cost time.Duration) string {
	if cost < slowClock {
		return ""
	}
	return fmt.Sprintf("warning: a look at this machine's clock takes %v, by which all latencies are too long", cost)
}
