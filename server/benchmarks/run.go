package benchmarks

import (
	"time"

	"github.com/mantisdb/mantisdb/internal/bench"
)

// Settings say what a run measures.
type Settings struct {
	Stress string `json:"stress"` // the name of a level
	Engine string `json:"engine"` // or All
	Seed   uint64 `json:"seed"`   // that determines every choice of keys
}

// All as an engine is the engines that keep what they are given, to compare them.
const All = "all"

// State is what has become of a run.
type State string

// The states of a run. Only the first one changes.
const (
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Stopped State = "stopped" // by somebody, or since the server ended
)

// Run is one run of the benchmark.
type Run struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended,omitzero"` // zero while it is running
	State    State     `json:"state"`
	Error    string    `json:"error,omitempty"` // why it failed
	Settings Settings  `json:"settings"`
	// Progress is how far a running one is; nil before its first workload.
	Progress *bench.Step `json:"progress,omitempty"`
	// Headline is what it showed, in short.
	Headline []Figure `json:"headline"`
	// Reports are what it showed, one for each engine.
	Reports []bench.Report `json:"reports,omitempty"`
}

// Figure is what a workload showed, in short.
type Figure struct {
	Engine       string  `json:"engine"`
	Workload     string  `json:"workload"`
	OpsPerSecond float64 `json:"ops_per_second"`
	P99Micros    float64 `json:"p99_us"`
}

// headline is reports in short.
func headline(reports []bench.Report) []Figure {
	figures := []Figure{}
	for _, report := range reports {
		for _, r := range report.Results {
			figures = append(figures, Figure{report.Engine, r.Name, r.OpsPerSecond, r.P99Micros})
		}
	}
	return figures
}
