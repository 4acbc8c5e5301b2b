package scenario

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// small is a run that takes a moment.
func small(t *testing.T, scenario string) Options {
	return Options{
		Engine: "pebble", Scenario: scenario, Dir: filepath.Join(t.TempDir(), "data"),
		Keys: 2000, ValueBytes: 100, Seconds: 0.1, Threads: 4, Rate: 1000, Seed: 1, Round: 2,
	}
}

func TestScenariosMeasureTheirPhases(t *testing.T) {
	for scenario, workloads := range map[string][]string{
		"sync":       {"sync_writes"},
		"memory":     {"load", "settled", "random_reads", "random_reads", "random_writes", "random_writes"},
		"larger":     {"load", "settled", "random_reads", "random_reads", "closed"},
		"compaction": {"load", "overwrites", "paced_overwrites"},
	} {
		t.Run(scenario, func(t *testing.T) {
			o := small(t, scenario)
			var out bytes.Buffer
			if err := Run(o, &out); err != nil {
				t.Fatal(err)
			}
			for lines := json.NewDecoder(&out); lines.More(); {
				var r measure.Record
				if err := lines.Decode(&r); err != nil {
					t.Fatal(err)
				}
				if len(workloads) == 0 || r.Workload != workloads[0] {
					t.Fatalf("measured %s, want %v", r.Workload, workloads)
				}
				workloads = workloads[1:]
				check(t, r)
			}
			if len(workloads) != 0 {
				t.Errorf("not measured: %v", workloads)
			}
			if _, err := os.Stat(o.Dir); !os.IsNotExist(err) {
				t.Errorf("the directory is left: %v", err)
			}
		})
	}
}

func check(t *testing.T, r measure.Record) {
	t.Helper()
	if r.Round != 2 || r.AnonBytes == 0 || r.AnonPeakBytes < r.AnonBytes || r.Seconds <= 0 {
		t.Errorf("%+v", r)
	}
	counted := r.Workload != "settled" && r.Workload != "closed"
	if counted && (r.Ops == 0 || r.P50 == 0 || r.P50 > r.P99 || r.P99 > r.P999 || r.P999 > r.Max) {
		t.Errorf("%s: %d operations, latencies %d, %d, %d, %d", r.Workload, r.Ops, r.P50, r.P99, r.P999, r.Max)
	}
	if r.Workload == "load" && r.Ops != 2000 {
		t.Errorf("%d operations in a load of 2000 keys", r.Ops)
	}
	if r.Workload == "paced_overwrites" && (r.OpsPerSec < 500 || r.OpsPerSec > 1400) {
		t.Errorf("%.0f operations a second, 1000 were wanted", r.OpsPerSec)
	}
}

func TestRunNamesWhatItLacks(t *testing.T) {
	if err := Run(small(t, "none"), new(bytes.Buffer)); err == nil {
		t.Error("a scenario that is not there was run")
	}
	o := small(t, "sync")
	o.Engine = "none"
	if err := Run(o, new(bytes.Buffer)); err == nil {
		t.Error("an engine that is not there was run")
	}
}

// A stall counts for each operation that had to wait, from its own time.
func TestPaceCountsTheWait(t *testing.T) {
	const interval = int64(time.Millisecond)
	start := measure.Now()
	p := newPace(load{threads: 1, perSecond: 1000}, start)
	if begin := p.wait(0); begin > start+2*lead {
		t.Errorf("the first operation counts from %d ns after its time", begin-start-2*lead)
	}
	time.Sleep(100 * time.Millisecond)
	for i := int64(1); i < 50; i++ {
		if begin, due := p.wait(i), start+2*lead+i*interval; begin != due {
			t.Fatalf("operation %d counts from %d ns after its time", i, begin-due)
		}
	}
}
