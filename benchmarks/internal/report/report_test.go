package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// records are what the tests report on: three engines, two rounds.
func records() []measure.Record {
	lost := uint64(3)
	sync := func(engine string, ops float64, round int) measure.Record {
		return measure.Record{
			Engine: engine, Version: "v1", Language: "go", Scenario: "sync", Workload: "sync_writes",
			Threads: 40, ValueBytes: 100, Keys: 1000, Round: round, OpsPerSec: ops, P999: 2_500_000,
		}
	}
	closed := func(engine string, bytes uint64) measure.Record {
		return measure.Record{Engine: engine, Scenario: "larger", Workload: "closed", Threads: 1, ValueBytes: 100, DiskBytes: bytes}
	}
	return []measure.Record{
		sync("redb", 900, 1), sync("redb", 1100, 2),
		sync("mantisdb-rust", 2000, 1), sync("mantisdb-rust", 3000, 2),
		sync("pebble", 2000, 1), sync("pebble", 2000, 2),
		closed("mantisdb-rust", 110<<20), closed("pebble", 100<<20), closed("redb", 50<<20),
		{Engine: "pebble", Scenario: "recovery", Workload: "open_after_kill", Threads: 1, ValueBytes: 100, Seconds: 1.5, Lost: &lost},
	}
}

func write(t *testing.T, records []measure.Record) string {
	t.Helper()
	var lines bytes.Buffer
	for _, r := range records {
		if err := json.NewEncoder(&lines).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "records.jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReport(t *testing.T) {
	var page bytes.Buffer
	if err := Write(&page, []string{write(t, records())}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| mantisdb-rust | 2.5k (2.0k–3.0k) | — | — | — |",
		"| redb | 1.0k (900–1.1k) |",
		"2.5 ms",
		// Of the medians, 2500 to Pebble's 2000; and redb does not compress.
		"| sync writes, 40 writers | 100 | pebble | 1.25 | at least 1.3 | no |",
		"| disk when closed, beside the smallest compressed | 100 | pebble | 1.10 | at most 1.2 | yes |",
		"| pebble | 1.50 s | 0.0 | — | 3 |",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if ours, peer := strings.Index(page.String(), "| mantisdb-rust |"), strings.Index(page.String(), "| pebble |"); ours > peer {
		t.Error("MantisDB is not first")
	}
	if t.Failed() {
		t.Log(page.String())
	}
}

func TestReportRefusesWhatIsNoRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.jsonl")
	if err := os.WriteFile(path, []byte("{\"engine\":\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(new(bytes.Buffer), []string{path}); err == nil || !strings.Contains(err.Error(), "records.jsonl:1") {
		t.Errorf("got %v, want an error that names the line", err)
	}
	if err := Write(new(bytes.Buffer), []string{write(t, nil)}); err == nil {
		t.Error("a report of nothing was written")
	}
}
