package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

const ours = "mantisdb-"

func isOurs(engine string) bool { return strings.HasPrefix(engine, ours) }

// compareNames orders MantisDB's Rust engine before its Go engine, and peers by
// name.
func compareNames(a, b string) int {
	if isOurs(a) && isOurs(b) {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// A column of a table: a figure of a phase.
type column struct {
	title  string
	phase  phase
	figure func(measure.Record) float64
	format func(float64) string
}

func opsPerSecond(r measure.Record) float64 { return r.OpsPerSec }
func p50(r measure.Record) float64          { return float64(r.P50) }
func p99(r measure.Record) float64          { return float64(r.P99) }
func p999(r measure.Record) float64         { return float64(r.P999) }
func longest(r measure.Record) float64      { return float64(r.Max) }
func disk(r measure.Record) float64         { return float64(r.DiskBytes) }
func written(r measure.Record) float64      { return float64(r.WrittenBytes) }
func anon(r measure.Record) float64         { return float64(r.AnonBytes) }
func anonPeak(r measure.Record) float64     { return float64(r.AnonPeakBytes) }
func file(r measure.Record) float64         { return float64(r.FileBytes) }
func seconds(r measure.Record) float64      { return r.Seconds }

func lost(r measure.Record) float64 {
	if r.Lost == nil {
		return 0
	}
	return float64(*r.Lost)
}

// count writes a number with three digits or so: 12, 12.3k, 1.23M.
func count(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2fM", v/1e6)
	case v >= 1e5:
		return fmt.Sprintf("%.0fk", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1fk", v/1e3)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

// nanos writes a time in microseconds, milliseconds or seconds.
func nanos(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.2f s", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.1f ms", v/1e6)
	default:
		return fmt.Sprintf("%.1f us", v/1e3)
	}
}

func mebibytes(v float64) string { return fmt.Sprintf("%.1f", v/(1<<20)) }

func inSeconds(v float64) string { return fmt.Sprintf("%.2f s", v) }

// text is the median, with the ends in brackets where there are several rounds.
func (v spread) text(format func(float64) string) string {
	switch {
	case !v.known:
		return "—"
	case v.low == v.high:
		return format(v.median)
	default:
		return fmt.Sprintf("%s (%s–%s)", format(v.median), format(v.low), format(v.high))
	}
}

func budget(r measure.Record) float64 { return float64(r.Limit) }
func logged(r measure.Record) float64 { return float64(r.LogBytes) }

// replayed is negative where the store does not tell.
func replayed(r measure.Record) float64 {
	if r.Replayed == nil {
		return -1
	}
	return float64(*r.Replayed)
}

// orUnknown writes a negative figure as not known.
func orUnknown(format func(float64) string) func(float64) string {
	return func(v float64) string {
		if v < 0 {
			return "—"
		}
		return format(v)
	}
}
