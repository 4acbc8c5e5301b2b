package cachesim

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// entriesReport is one of a trace without sizes, bytesReport of one with them.
func entriesReport() *Report {
	return &Report{
		Trace: "mail.lis.zst", Format: FormatARC, Requests: 914_145, Keys: 186_880, Unit: unitEntries, Footprint: 186_880,
		Policies: []Result{
			{"belady", points(1000, 0.5, 2000, 0.604, 37_376, 0.79123)},
			{"lru", points(1000, 0.3, 2000, 0.4247, 37_376, 0.72)},
			{"s3-fifo", points(1000, 0.35, 2000, 0.476, 37_376, 0.726)},
		},
	}
}

func bytesReport() *Report {
	report := &Report{
		Trace: "objects <&> \"more\".csv", Format: FormatCSV, Requests: 1000, Keys: 10, Unit: unitBytes, Footprint: 3 << 20,
		Policies: []Result{{"lru", points(64<<10, 0, 1<<20, 1)}},
	}
	for i := range report.Policies[0].Points {
		half := report.Policies[0].Points[i].HitRatio / 2
		report.Policies[0].Points[i].ByteHitRatio = &half
	}
	return report
}

// points are pairs of a capacity and a ratio.
func points(pairs ...float64) (points []Point) {
	for i := 0; i < len(pairs); i += 2 {
		points = append(points, Point{Capacity: uint64(pairs[i]), Hits: uint64(1000 * pairs[i+1]), HitRatio: pairs[i+1]})
	}
	return points
}

func TestReportGolden(t *testing.T) {
	for name, report := range map[string]*Report{"entries": entriesReport(), "bytes": bytesReport()} {
		var table, figures bytes.Buffer
		if err := report.WriteTable(&table); err != nil {
			t.Fatal(err)
		}
		compareGolden(t, name+".table.golden", table.Bytes())
		if err := report.WriteJSON(&figures); err != nil {
			t.Fatal(err)
		}
		compareGolden(t, name+".json.golden", figures.Bytes())
	}
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}
