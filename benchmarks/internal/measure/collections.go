package measure

import (
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"
)

const (
	gcSeconds = "/cpu/classes/gc/total:cpu-seconds"
	gcPauses  = "/sched/pauses/total/gc:seconds"
)

// collections is what Go's collector did in a phase.
//
// The runtime brings the collector's processor time up to date only when a
// collection ends. So one is forced before the phase, outside of what is timed, and
// the phase begins with nothing left over. A collection that is under way at its end
// does not count. To force another one there, and take off what that takes, counts
// more wrongly: with many objects, one collection takes tens of milliseconds more or
// less than the next one of the same heap.
type collections struct {
	seconds float64
	pauses  []uint64
}

// startCollections collects garbage and begins to count.
func startCollections() *collections {
	runtime.GC()
	return &collections{seconds: collectorSeconds(), pauses: slices.Clone(pauseHistogram().Counts)}
}

// fill sets the record's figures of the collector, for a phase that took so much
// processor time.
func (c *collections) fill(r *Record, used time.Duration) {
	pause := longestSince(c.pauses, pauseHistogram())
	r.GCPauseMax = &pause
	// The runtime counts the time for which a processor was given to the collector,
	// which the system may have given to another thread meanwhile: no more than all.
	share := 0.0
	if used > 0 {
		share = min(1, (collectorSeconds()-c.seconds)/used.Seconds())
	}
	r.GCCPUShare = &share
}

func collectorSeconds() float64 {
	sample := []metrics.Sample{{Name: gcSeconds}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}

func pauseHistogram() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: gcPauses}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

// longestSince is the upper end, in nanoseconds, of the last bucket that has more
// than it had; 0 if none has. A bucket without an upper end counts as its lower.
func longestSince(before []uint64, now *metrics.Float64Histogram) int64 {
	for i := len(now.Counts) - 1; i >= 0; i-- {
		if now.Counts[i] > before[i] {
			end := now.Buckets[i+1]
			if math.IsInf(end, 1) {
				end = now.Buckets[i]
			}
			return int64(end * 1e9)
		}
	}
	return 0
}
