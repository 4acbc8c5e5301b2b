package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/scenario"
)

// The recovery runs this program again, to kill it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestRecoveryFindsWhatWasWritten(t *testing.T) {
	for _, kind := range engine.Kinds() {
		if !slices.Contains(scenario.Names(kind), "recovery") {
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			var out bytes.Buffer
			o := scenario.Options{
				Engine: kind.Name, Scenario: "recovery", Dir: filepath.Join(t.TempDir(), "data"),
				Keys: 1, ValueBytes: 100, LogBytes: 1 << 20, Seed: 1, Threads: 1, Seconds: 1,
			}
			if err := scenario.Run(o, &out); err != nil {
				t.Fatal(err)
			}
			var r measure.Record
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Workload != "open_after_kill" || r.OpenSeconds <= 0 || r.LogBytes < 1<<20-200 || r.Keys != (1<<20)/116 || r.Lost == nil {
				t.Errorf("%+v", r)
			}
			// Pebble keeps records in the process until a block of its log is full.
			if pebble := kind.Name == "pebble" || kind.Name == "mantisdb-go"; !pebble && *r.Lost != 0 {
				t.Errorf("%d acknowledged writes were lost", *r.Lost)
			}
		})
	}
}
