package scenario

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// small is a run that takes a moment.
func small(t *testing.T, engine, scenario string) Options {
	return Options{
		Engine: engine, Scenario: scenario, Dir: filepath.Join(t.TempDir(), "data"),
		Keys: 2000, ValueBytes: 100, Seconds: 0.03, Threads: 4, Rate: 1000, Seed: 1, Round: 2,
	}
}

// twice is each of the phases by one client and by many.
func twice(phases ...string) (all []string) {
	for _, name := range phases {
		all = append(all, name, name)
	}
	return all
}

// workloads are what a scenario measures, of a store with order.
var workloads = map[string][]string{
	"memory": append([]string{"load", "loaded"}, twice(
		"ycsb_c", "ycsb_b", "ycsb_a", "ycsb_f", "ycsb_d", "ycsb_e", "reads", "overwrite", "scan", "delete_ttl")...),
	"buffered": append([]string{"load", "loaded"}, twice(
		"ycsb_c", "ycsb_b", "ycsb_a", "ycsb_f", "ycsb_d", "ycsb_e", "reads", "overwrite", "scan", "delete_ttl")...),
	"larger":     append([]string{"load", "loaded"}, twice("ycsb_c", "ycsb_a", "ycsb_e", "overwrite")...),
	"large":      append([]string{"load", "loaded"}, twice("reads", "overwrite")...),
	"sync":       append([]string{"load"}, twice("overwrite", "ycsb_a")...),
	"compaction": {"load", "overwrites", "paced_overwrites"},
}

// unordered are the stores that cannot scan.
var unordered = []string{"sync.Map", "xsync.Map", "locked-map"}

func TestScenariosMeasureTheirPhases(t *testing.T) {
	for _, kind := range engine.Kinds() {
		for _, name := range Names(kind) {
			if name == "recovery" { // needs a program that can be killed: see cmd/peers
				continue
			}
			t.Run(kind.Name+"/"+name, func(t *testing.T) {
				t.Parallel() // stores take a second to settle
				want := slices.Clone(workloads[name])
				if slices.Contains(unordered, kind.Name) {
					want = slices.DeleteFunc(want, func(w string) bool { return w == "ycsb_e" || w == "scan" })
				}
				o := small(t, kind.Name, name)
				if name == "large" {
					o.Keys, o.ValueBytes = 30, 64<<10
				}
				for _, r := range records(t, o) {
					if len(want) == 0 || r.Workload != want[0] {
						t.Fatalf("measured %s, want %v", r.Workload, want)
					}
					want = want[1:]
					check(t, o, r)
				}
				if len(want) != 0 {
					t.Errorf("not measured: %v", want)
				}
				if _, err := os.Stat(o.Dir); !os.IsNotExist(err) {
					t.Errorf("the directory is left: %v", err)
				}
			})
		}
	}
}

func records(t *testing.T, o Options) (all []measure.Record) {
	t.Helper()
	var out bytes.Buffer
	if err := Run(o, &out); err != nil {
		t.Fatal(err)
	}
	for lines := json.NewDecoder(&out); lines.More(); {
		var r measure.Record
		if err := lines.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func check(t *testing.T, o Options, r measure.Record) {
	t.Helper()
	if r.Group != measure.GroupEmbeddedGo || r.Round != 2 || r.AnonBytes == 0 || r.AnonPeakBytes == 0 || r.Seconds <= 0 {
		t.Errorf("%+v", r)
	}
	if (r.DiskBytes == 0) != (o.Scenario == "memory") {
		t.Errorf("%s: %d bytes on disk", r.Workload, r.DiskBytes)
	}
	if r.GCCPUShare == nil || r.GCPauseMax == nil {
		t.Errorf("%s: nothing of the collector", r.Workload)
	}
	if r.Workload == "loaded" {
		return
	}
	if r.Ops == 0 || r.P50 == 0 || r.P50 > r.P99 || r.P99 > r.P999 || r.P999 > r.Max || r.CPUNanos <= 0 {
		t.Errorf("%s: %d operations, latencies %d, %d, %d, %d, processor %f", r.Workload, r.Ops, r.P50, r.P99, r.P999, r.Max, r.CPUNanos)
	}
	if r.Workload == "load" && r.Ops != int64(o.Keys) {
		t.Errorf("%d operations in a load of %d keys", r.Ops, o.Keys)
	}
}

func TestPacedOverwritesKeepTheirRate(t *testing.T) {
	o := small(t, "pebble", "compaction")
	o.Seconds = 0.3
	all := records(t, o)
	if rate := all[len(all)-1].OpsPerSec; rate < 500 || rate > 1400 {
		t.Errorf("%.0f operations a second, 1000 were wanted", rate)
	}
}

func TestRunNamesWhatItLacks(t *testing.T) {
	for _, o := range []Options{
		small(t, "pebble", "none"), small(t, "none", "sync"),
		small(t, "pebble", "memory"), small(t, "sync.Map", "sync"),
	} {
		if err := Run(o, new(bytes.Buffer)); err == nil {
			t.Errorf("%s of %s was run", o.Scenario, o.Engine)
		}
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
