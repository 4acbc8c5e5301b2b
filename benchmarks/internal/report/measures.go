package report

import "github.com/mantisdb/mantisdb/benchmarks/internal/results"

// measure is a figure as the report shows it.
type measure struct {
	results.Measure
	title  string
	format func(float64) string
	// workloads in which it means something; nil is all that have operations.
	workloads []string
	// judged tells that MantisDB is to be first in it.
	judged bool
}

func higher(name string) results.Measure { return results.Measure{Name: name} }
func lower(name string) results.Measure {
	return results.Measure{Name: name, LowerBetter: true}
}

// The workloads that tell of a state and do no operations.
var (
	loaded  = []string{"loaded"}
	resting = []string{"loaded", "settled", "closed"}
	opening = []string{"open_after_kill", "reopen"}
)

// headline is the measure of the tables that are not folded away, and of charts.
var headline = measure{higher(results.OpsPerSecond), "operations a second", count, nil, true}

// measures are all measures, in the order of the report.
var measures = []measure{
	headline,
	{higher(results.HitRatio), "hit ratio", percent, nil, true},
	{lower(results.P50), "latency, p50", nanos, nil, false},
	{lower(results.P99), "latency, p99", nanos, nil, false},
	{lower(results.P999), "latency, p99.9", nanos, nil, true},
	{lower(results.CPU), "processor time an operation", nanos, nil, true},
	{lower(results.GCShare), "share of the processor time for Go's collector", percent, nil, false},
	{lower(results.GCPause), "longest pause of Go's collector", nanos, nil, false},
	{lower(results.AnonPerByte), "resident memory for each byte of keys and values", factor, loaded, true},
	{lower(results.BytesPerKey), "memory for each key", bytesOf, loaded, true},
	{lower(results.AnonPeak), "most resident memory", bytesOf, nil, false},
	{lower(results.Disk), "disk", bytesOf, resting, true},
	{lower(results.WrittenPerOp), "written to disk an operation", bytesOf, nil, false},
	{lower(results.Seconds), "time to open after a kill", seconds, opening, true},
	{lower(results.Lost), "acknowledged writes lost by the kill", count, opening, false},
}

// covers tells whether the measure means something in a phase.
func (m measure) covers(s *results.Scene, p results.Phase) bool {
	if m.workloads != nil {
		for _, workload := range m.workloads {
			if workload == p.Workload {
				return true
			}
		}
		return false
	}
	for _, engine := range s.Systems {
		if _, known := s.Figure(engine, p, results.OpsPerSecond); known {
			return true
		}
	}
	return false
}

// ratio is a figure divided by another, and whether that means something.
func ratio(ours, theirs float64) (float64, bool) {
	if theirs == 0 {
		return 0, false
	}
	return ours / theirs, true
}
