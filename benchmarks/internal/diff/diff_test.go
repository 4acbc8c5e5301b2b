package diff

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

func read(t *testing.T, name string) *results.File {
	t.Helper()
	f, err := results.Read("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDiff(t *testing.T) {
	for golden, all := range map[string]bool{"testdata/ours.txt": false, "testdata/all.txt": true} {
		var got bytes.Buffer
		d := New(read(t, "old.json"), read(t, "new.json"), Options{Percent: 10, All: all})
		if err := d.Write(&got); err != nil {
			t.Fatal(err)
		}
		// Reads, the latency of scans, and the open. Peers do not count.
		if d.Slower() != 3 {
			t.Errorf("%d figures of MantisDB are slower, want 3", d.Slower())
		}
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("not %s; go test -update ./internal/diff writes it anew. It is\n%s", golden, &got)
		}
	}
}

func TestNothingDiffersFromItself(t *testing.T) {
	f := read(t, "old.json")
	d := New(f, f, Options{All: true})
	if len(d.Changes) > 0 || len(d.Warnings) > 0 || d.OnlyOld+d.OnlyNew > 0 || d.Rows != len(f.Rows) {
		t.Errorf("a file beside itself: %+v", d)
	}
}

// TestPercent: a change that is not in the noise is still one only if it is large enough.
func TestPercent(t *testing.T) {
	changed := func(percent float64) bool {
		for _, c := range New(read(t, "old.json"), read(t, "new.json"), Options{Percent: percent}).Changes {
			if c.Row.Workload == "ycsb_a" {
				return true
			}
		}
		return false
	}
	if changed(6) || !changed(4) {
		t.Error("a workload that lost 5 % is slower beyond 4 % and not beyond 6 %")
	}
}
