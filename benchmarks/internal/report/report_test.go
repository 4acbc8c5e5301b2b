package report

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

// report writes the report of the test's results in a directory of its own.
func report(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, name := range []string{"results.json", reasonsFile} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page, err := Write(filepath.Join(folder, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(folder, "results.md"); page != want {
		t.Errorf("the page is %s, want %s", page, want)
	}
	return folder
}

func TestPage(t *testing.T) {
	got, err := os.ReadFile(filepath.Join(report(t), "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/results.md"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the page is not %s; go test -update ./internal/report writes it anew. It is\n%s", golden, got)
	}
}

// TestChartsOfThePage: each scene with operations has a chart, and the page links to it.
func TestChartsOfThePage(t *testing.T) {
	folder := report(t)
	page, err := os.ReadFile(filepath.Join(folder, "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	charts, err := fs.Glob(os.DirFS(folder), "*.svg")
	if err != nil {
		t.Fatal(err)
	}
	if want := "results-embedded-go-buffered.svg results-embedded-rust-buffered.svg"; strings.Join(charts, " ") != want {
		t.Errorf("charts %v, want %s", charts, want)
	}
	for _, chart := range charts {
		if !strings.Contains(string(page), "("+chart+")") {
			t.Errorf("the page has no link to %s", chart)
		}
	}
}

func TestReasonsRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"| a/b/c | p50_ns |":        "reasons.md:1",
		"# Why\n\n| [a | * | why |": "reasons.md:3",
	} {
		file := filepath.Join(t.TempDir(), reasonsFile)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readReasons(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error at %s", text, err, want)
		}
	}
}

// TestReasonOf: several places, several figures, and a peer; the first that fits counts.
func TestReasonOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), reasonsFile)
	const table = "| `g/*/reads`, `g/sync/*` | `cpu_ns`, `p999_ns` | 0 |\n| `g/*/*/*Map` | * | 1 |\n| `g/memory/*` | `disk_bytes` | 2 |\n"
	if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := readReasons(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		scenario, workload, peer, figure string
		want                             int
	}{
		{"memory", "reads", "xsync.Map", results.CPU, 0},
		{"sync", "scan", "bbolt", results.P999, 0},
		{"sync", "scan", "bbolt", results.OpsPerSecond, len(all)},
		{"memory", "reads", "xsync.Map", results.OpsPerSecond, 1},
		{"memory", "reads", "badger", results.Disk, 2},
		{"buffered", "scan", "bbolt", results.CPU, len(all)},
	} {
		l := lead{
			scene: &results.Scene{Group: "g", Scenario: test.scenario}, phase: results.Phase{Workload: test.workload},
			measure: measure{Measure: lower(test.figure)}, rival: &results.Rival{Engine: test.peer},
		}
		if got := all.of(l); got != test.want {
			t.Errorf("%+v has reason %d", test, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{count(7), "7"}, {count(1234), "1.2k"}, {count(123_456), "123k"}, {count(1_234_567), "1.23M"},
		{nanos(900), "900 ns"}, {nanos(1500), "1.5 µs"}, {nanos(2.5e6), "2.5 ms"}, {nanos(3e9), "3.00 s"},
		{bytesOf(100), "100 B"}, {bytesOf(64 << 10), "64.0 KiB"}, {bytesOf(3 << 20), "3.0 MiB"}, {percent(0.125), "12.5 %"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
