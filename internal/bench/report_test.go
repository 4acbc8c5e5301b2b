package bench

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/internal/machine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what -update once wrote; got:\n%s\nwant:\n%s", name, got, want)
	}
}

func sample(engine string, factor float64) Report {
	return Report{
		Engine: engine, Stress: "light", Durability: "memory", Go: "go1.26", CPUs: 2,
		Results: []Result{
			{
				Name: "sequential_writes", Operations: 1_000_000, Seconds: 0.5 / factor, OpsPerSecond: 2_000_000 * factor,
				P50Micros: 0.4 / factor, P99Micros: 1.25 / factor, P999Micros: 14 / factor, MaxMicros: 812.5,
				Goroutines: 1, TimedInterval: 16, CPUSeconds: 0.6, RSSBytes: 230 << 20, MemoryBytes: 200 << 20,
			},
			{
				Name: "scan", Operations: 999_999, Seconds: 0.1 / factor, OpsPerSecond: 9_999_990 * factor,
				P50Micros: 0.07, P99Micros: 0.1, P999Micros: 2, MaxMicros: 30, Errors: 1_001, FirstError: "scan does not yield key number 7",
				Goroutines: 1, TimedInterval: 64,
			},
		},
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	report := sample("rust", 1)
	if err := report.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.golden", out.Bytes())
}

func TestRatios(t *testing.T) {
	var out bytes.Buffer
	rust, other := sample("rust", 4), sample("go", 1)
	other.Results[1].P99Micros = 0
	if err := WriteRatios(&out, &rust, &other); err != nil {
		t.Fatal(err)
	}
	golden(t, "ratios.golden", out.Bytes())
}

func TestJSON(t *testing.T) {
	var one, list bytes.Buffer
	report := sample("rust", 1)
	if err := WriteReport(&one, &report); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json.golden", one.Bytes())
	if err := WriteReports(&list, []Report{report, sample("go", 1)}); err != nil {
		t.Fatal(err)
	}
	var reports []Report
	if err := json.Unmarshal(list.Bytes(), &reports); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 2 || reports[0].Engine != "rust" || reports[1].Results[1].Errors != 1001 {
		t.Errorf("the list reads back as %+v", reports)
	}
}

// The fields that others rely on come first, under these names, in this order,
// also when they are zero.
func TestJSONFields(t *testing.T) {
	var out bytes.Buffer
	if err := WriteReport(&out, &Report{Results: []Result{{}}}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(out.String()) {
		if name, _, isField := strings.Cut(strings.TrimSpace(line), ":"); isField {
			names = append(names, strings.Trim(name, `"`))
		}
	}
	want := []string{
		"engine", "stress", "durability", "go", "cpus", "results",
		"name", "operations", "seconds", "ops_per_second", "p50_us", "p99_us", "p999_us", "max_us", "errors",
	}
	if len(names) < len(want) || !slices.Equal(names[:len(want)], want) {
		t.Errorf("fields are %v, want %v first", names, want)
	}
}

func TestLevels(t *testing.T) {
	for _, name := range []string{"light", "medium", "heavy", "extreme"} {
		level, err := ParseLevel(name)
		if err != nil || level.Name != name || level.Keys == 0 || level.ThroughputTime == 0 {
			t.Errorf("ParseLevel(%q) = %+v, %v", name, level, err)
		}
	}
	_, err := ParseLevel("brutal")
	if err == nil || err.Error() != `unknown stress level "brutal": use one of light, medium, heavy, extreme` {
		t.Errorf("error is %v", err)
	}
}

func TestMemoryWarning(t *testing.T) {
	if machine.AvailableBytes() == 0 {
		t.Skip("the system does not tell what memory is available")
	}
	if warning := memoryWarning(tiny); warning != "" {
		t.Errorf("%d keys: %s", tiny.Keys, warning)
	}
	if warning := memoryWarning(Level{Name: "vast", Keys: 1 << 50}); !strings.Contains(warning, "stress level vast takes about 400 PiB") {
		t.Errorf("warning is %q", warning)
	}
}
