package results

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{3, 1, 2}, Spread{1, 2, 3}},
		{[]float64{4, 1, 2, 3}, Spread{1, 2.5, 4}},
		{[]float64{7}, Spread{7, 7, 7}},
	} {
		if got := SpreadOf(test.values); got != test.want {
			t.Errorf("the spread of %v is %v, want %v", test.values, got, test.want)
		}
	}
	a, b, c := Spread{1, 2, 3}, Spread{3, 4, 5}, Spread{4, 4, 4}
	if !a.Overlaps(b) || !b.Overlaps(a) || a.Overlaps(c) || c.Overlaps(a) {
		t.Error("spreads that share an end overlap, and others do not")
	}
}

func pause(v int64) *int64 { return &v }

// records are two rounds of one system, the second round before the first, with one
// phase that has no operations.
func records() []measure.Record {
	phase := func(round int, workload string, ops float64) measure.Record {
		return measure.Record{
			Group: "embedded-go", Engine: "pebble", Version: "v2", Scenario: "buffered", Workload: workload, Threads: 1,
			Keys: 1000, ValueBytes: 84, Round: round, OpsPerSec: ops, Ops: int64(ops), AnonBytes: 200_000, WrittenBytes: 400,
		}
	}
	all := []measure.Record{phase(2, "load", 200), phase(2, "loaded", 0), phase(1, "load", 100), phase(1, "loaded", 0)}
	all[0].GCPauseMax = pause(0)
	return all
}

func TestCollect(t *testing.T) {
	rows := Collect(append(records(), measure.Record{Group: "cache-go", Engine: "otter", Scenario: "hits", Workload: "reads"}))
	var names []string
	for _, r := range rows {
		names = append(names, r.Group+"/"+r.Engine+"/"+r.Workload)
	}
	want := []string{"cache-go/otter/reads", "embedded-go/pebble/load", "embedded-go/pebble/loaded"}
	if !reflect.DeepEqual(names, want) {
		t.Fatalf("rows %v, want %v", names, want)
	}
	load, loaded := rows[1], rows[2]
	for name, want := range map[string]Spread{
		OpsPerSecond: {100, 150, 200}, WrittenPerOp: {2, 3, 4}, GCPause: {0, 0, 0}, AnonPerByte: {2, 2, 2}, Disk: {},
	} {
		if got, known := load.Figure(name); !known || got != want {
			t.Errorf("%s is %v (%v), want %v", name, got, known, want)
		}
	}
	for _, name := range []string{OpsPerSecond, P50, HitRatio, GCShare, WrittenPerOp} {
		if got, known := loaded.Figure(name); known {
			t.Errorf("%s was not measured and is %v", name, got)
		}
	}
}

func TestFileIsReadAsWritten(t *testing.T) {
	f := &File{
		Format: Format, Date: "2026-01-02T03:04:05Z", Scale: "small", Rounds: 2, Versions: map[string]string{"go": "go1"},
		Failures: []Failure{{"server", "redis", "http", 1, "why"}}, Rows: Collect(records()),
	}
	path := filepath.Join(t.TempDir(), "results.json")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, f) {
		t.Errorf("read %+v, written %+v", got, f)
	}
	data, _ := os.ReadFile(path)
	if n := strings.Count(string(data), "\n    {\"group\""); n != len(f.Rows) {
		t.Errorf("%d rows stand on lines of their own, of %d:\n%s", n, len(f.Rows), data)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"format 2":              `{"format":2,"colour":"red"}`,
		"unknown field":         `{"format":1,"colour":"red","rows":[]}`,
		"after top-level value": `{"format":1,"rows":[]} {}`,
		"least, median":         `{"format":1,"rows":[{"figures":{"p50_ns":[3,2,1]}}]}`,
		"unexpected end":        `{"format":1`,
	} {
		path := filepath.Join(t.TempDir(), "results.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error with %q", text, err, name)
		}
	}
}

func TestScene(t *testing.T) {
	row := func(engine, workload string, ops float64) Row {
		return Row{
			Group: "embedded-go", Engine: engine, Phase: Phase{Scenario: "buffered", Workload: workload},
			Figures: map[string]Spread{OpsPerSecond: {ops, ops, ops}},
		}
	}
	f := File{Rows: []Row{
		row("badger", "reads", 5), row("mantisdb-go", "reads", 99), row("mantisdb-rust", "load", 7),
		row("mantisdb-rust", "reads", 9), row("pebble", "reads", 6), row("pebble", "scan", 1),
	}}
	scenes := f.Scenes()
	if len(scenes) != 1 {
		t.Fatalf("%d scenes", len(scenes))
	}
	s := scenes[0]
	if want := []string{"mantisdb-rust", "mantisdb-go", "badger", "pebble"}; !reflect.DeepEqual(s.Systems, want) {
		t.Errorf("systems %v, want %v", s.Systems, want)
	}
	if s.Subject() != "mantisdb-rust" || !s.Ordered("pebble") || s.Ordered("badger") {
		t.Error("the subject is the Rust engine, and who scans keeps an order")
	}
	reads := Phase{Scenario: "buffered", Workload: "reads"}
	best := func(m Measure, allowed func(string) bool) string { return s.Best(reads, m, allowed).Engine }
	notPebble := func(engine string) bool { return engine != "pebble" }
	if a, b, c := best(Measure{Name: OpsPerSecond}, nil), best(Measure{OpsPerSecond, true}, nil), best(Measure{Name: OpsPerSecond}, notPebble); a != "pebble" || b != "badger" || c != "badger" {
		t.Errorf("the best are %s, %s and %s", a, b, c)
	}
	if s.Best(Phase{}, Measure{Name: OpsPerSecond}, nil) != nil {
		t.Error("somebody is best in what nobody did")
	}
}

func TestThisMachine(t *testing.T) {
	m, err := ThisMachine(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if m.Cores < 1 || m.Memory < 1<<20 || m.Kernel == "" || m.FS == "" {
		t.Errorf("this machine is %+v", m)
	}
	named := Machine{Cores: 2, CPU: "AMD EPYC 7B13 64-Core Processor"}
	if got := named.Name(); got != "2cpu-amd-epyc-7b13" {
		t.Errorf("its name is %q", got)
	}
}
