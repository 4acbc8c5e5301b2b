package results

import "github.com/mantisdb/mantisdb/benchmarks/internal/measure"

// The names of figures that are compared; a record has more.
const (
	OpsPerSecond = "ops_per_second"
	P50          = "p50_ns"
	P99          = "p99_ns"
	P999         = "p999_ns"
	CPU          = "cpu_ns" // of an operation
	GCShare      = "gc_cpu_share"
	GCPause      = "gc_pause_max_ns"
	HitRatio     = "hit_ratio"
	Seconds      = "seconds"
	Anon         = "rss_anon_bytes"
	AnonPeak     = "rss_anon_peak_bytes"
	BytesPerKey  = "bytes_per_key" // of a server's or a cache's memory
	Disk         = "disk_bytes"
	Written      = "written_bytes"
	WrittenPerOp = "written_bytes_per_op"
	Replayed     = "replayed_writes"
	Lost         = "lost_writes"
	// AnonPerByte is not in the file: [Row.Figure] makes it from the others.
	AnonPerByte = "rss_per_byte"
)

// keyBytes is the length of every key.
const keyBytes = 16

// A figure is one number of a record, if the record has it.
type figure struct {
	name string
	of   func(*measure.Record) (value float64, known bool)
}

var figures = []figure{
	{OpsPerSecond, positive(func(r *measure.Record) float64 { return r.OpsPerSec })},
	{P50, positive(func(r *measure.Record) float64 { return float64(r.P50) })},
	{P99, positive(func(r *measure.Record) float64 { return float64(r.P99) })},
	{P999, positive(func(r *measure.Record) float64 { return float64(r.P999) })},
	{"max_ns", positive(func(r *measure.Record) float64 { return float64(r.Max) })},
	{CPU, positive(func(r *measure.Record) float64 { return r.CPUNanos })},
	{GCShare, optional(func(r *measure.Record) *float64 { return r.GCCPUShare })},
	{GCPause, optional(func(r *measure.Record) *int64 { return r.GCPauseMax })},
	{HitRatio, optional(func(r *measure.Record) *float64 { return r.HitRatio })},
	{Seconds, always(func(r *measure.Record) float64 { return r.Seconds })},
	{Anon, always(func(r *measure.Record) float64 { return float64(r.AnonBytes) })},
	{AnonPeak, always(func(r *measure.Record) float64 { return float64(r.AnonPeakBytes) })},
	{"rss_file_bytes", always(func(r *measure.Record) float64 { return float64(r.FileBytes) })},
	{BytesPerKey, positive(func(r *measure.Record) float64 { return r.BytesPerKey })},
	{Disk, always(func(r *measure.Record) float64 { return float64(r.DiskBytes) })},
	{Written, always(func(r *measure.Record) float64 { return float64(r.WrittenBytes) })},
	{WrittenPerOp, func(r *measure.Record) (float64, bool) { return float64(r.WrittenBytes) / float64(r.Ops), r.Ops > 0 }},
	{"open_seconds", positive(func(r *measure.Record) float64 { return r.OpenSeconds })},
	{"log_bytes", positive(func(r *measure.Record) float64 { return float64(r.LogBytes) })},
	{Lost, optional(func(r *measure.Record) *uint64 { return r.Lost })},
	{Replayed, optional(func(r *measure.Record) *uint64 { return r.Replayed })},
}

func always(of func(*measure.Record) float64) func(*measure.Record) (float64, bool) {
	return func(r *measure.Record) (float64, bool) { return of(r), true }
}

// positive is for what a record leaves out by a zero.
func positive(of func(*measure.Record) float64) func(*measure.Record) (float64, bool) {
	return func(r *measure.Record) (float64, bool) {
		v := of(r)
		return v, v > 0
	}
}

func optional[T int64 | uint64 | float64](of func(*measure.Record) *T) func(*measure.Record) (float64, bool) {
	return func(r *measure.Record) (float64, bool) {
		v := of(r)
		if v == nil {
			return 0, false
		}
		return float64(*v), true
	}
}

// Figure is the spread of a figure, and whether it was measured.
func (r *Row) Figure(name string) (Spread, bool) {
	if name == AnonPerByte {
		anon, ok := r.Figures[Anon]
		if stored := float64(r.Keys) * float64(keyBytes+r.ValueBytes); ok && stored > 0 {
			return anon.Scaled(stored), true
		}
		return Spread{}, false
	}
	s, ok := r.Figures[name]
	return s, ok
}
