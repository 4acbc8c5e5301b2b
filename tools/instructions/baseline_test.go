package main

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestBaselineReadsWhatItWrote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "baseline.json")
	want := Baseline{Toolchain{"amd64", "rustc 1", "go1", "valgrind-1"}, map[string]float64{"get": 199.9, "put": 984}}
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readBaseline(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Each count that is committed is of a case that somebody counts; the gate itself holds the
// programs to the same.
func TestCommittedBaseline(t *testing.T) {
	baseline, err := readBaseline("baseline.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(baseline.Counts) == 0 || baseline.Toolchain.Architecture == "" {
		t.Errorf("%+v", baseline)
	}
	for name, count := range baseline.Counts {
		if count <= 0 {
			t.Errorf("%s has %v", name, count)
		}
	}
}
