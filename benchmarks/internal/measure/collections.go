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
// collection ends. So one is forced before the phase and one after it, both out of
// what is timed; what lies between their ends has all that the phase caused, and
// the second forced collection. What that takes is told by a third one right after
// it, of the same heap, and taken off.
type collections struct {
	seconds float64
	pauses  []uint64
}

// startCollections collects garbage and begins to count.
func startCollections() *collections {
	runtime.GC()
	return &collections{seconds: collectorSeconds(), pauses: slices.Clone(pauseHistogram().Counts)}
}

// finish sets the record's figures of the collector, for a phase that took so much
// processor time. It collects garbage twice.
func (c *collections) finish(r *Record, used time.Duration) {
	// Pauses are counted as they happen: those of the collections below are left out.
	pause := longestSince(c.pauses, pauseHistogram())
	r.GCPauseMax = &pause

	runtime.GC()
	second := collectorSeconds()
	runtime.GC()
	third := collectorSeconds()
	own := max(0, (second-c.seconds)-(third-second))
	// The runtime counts the time for which a processor was given to the collector,
	// which the system may have given to another thread meanwhile: no more than all.
	share := min(1, own/max(used.Seconds(), math.SmallestNonzeroFloat64))
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
