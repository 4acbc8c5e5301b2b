package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mantisdb/mantisdb/internal/cachesim"
)

// skewed is a trace of keys, some of which come far more often than others.
func skewed(requests int) string {
	var b strings.Builder
	state := uint64(1)
	for range requests {
		state = state*6364136223846793005 + 1442695040888963407
		key := uint32(state>>33) >> (state >> 59) // the more bits go, the fewer keys are left
		fmt.Fprintf(&b, "%d 1 0 0\n", key%1000)
	}
	return b.String()
}

func TestCacheSimRefusesWhatCannotBeMeant(t *testing.T) {
	skipManyProcesses(t)
	for args, want := range map[string]string{
		"":                                     "--trace is missing",
		"--trace=t":                            "--format is missing: use arc|u32|csv",
		"--trace=t --format=pc":                "use arc, u32 or csv",
		"--trace=t --format=arc --csv-key=2":   "--csv-key and --csv-size need --format=csv",
		"--trace=t --format=csv --csv-size=-1": "count columns from 1 on",
		"--trace=t --format=arc --svg=- --json=-": "exclude each other",
		"--trace=t --format=arc --sizes=10,0%":    `--sizes: "0%" is no size`,
		"--trace=t --format=arc --sizes=":         "no size",
		"--trace=t --format=arc another":          "unknown command",
	} {
		r := finish(t, program(t, append([]string{"cache-sim"}, strings.Fields(args)...)...))
		if r.code != exitUsage || !strings.Contains(r.stderr, want) || r.stdout != "" {
			t.Errorf("%s: exit code %d, %s; want %s", args, r.code, r.stderr, want)
		}
	}
}

// TestCacheSimNeedsTheCore and says how to get it, before it looks for the trace.
func TestCacheSimNeedsTheCore(t *testing.T) {
	if hasRust(t) {
		t.Skip("this build has it")
	}
	r := finish(t, program(t, "cache-sim", "--trace=absent", "--format=arc"))
	if r.code != exitFailure || !strings.Contains(r.stderr, "make build-rust") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
}

func TestCacheSim(t *testing.T) {
	if !hasRust(t) {
		t.Skip("this build has no policies")
	}
	cmd := program(t, "cache-sim", "--trace=a.lis", "--format=arc", "--sizes=20,10%", "--svg=a.svg", "--json=a.json")
	if err := os.WriteFile(filepath.Join(cmd.Dir, "a.lis"), []byte(skewed(20_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := finish(t, cmd)
	if r.code != 0 || !strings.HasPrefix(r.stdout, "a.lis: 20,000 requests of 1,000 keys\n\nhit ratio, %\n") ||
		!strings.Contains(r.stdout, "\n       20      2.00%") || !strings.Contains(r.stdout, "\n      100     10.00%") {
		t.Errorf("exit code %d, %s, table\n%s", r.code, r.stderr, r.stdout)
	}
	policies, err := cachesim.Policies()
	if err != nil {
		t.Fatal(err)
	}
	figures, err := os.ReadFile(filepath.Join(cmd.Dir, "a.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report cachesim.Report
	if err := json.Unmarshal(figures, &report); err != nil || len(report.Policies) != len(policies) {
		t.Fatalf("%d policies (%v):\n%s", len(report.Policies), err, figures)
	}
	for i, result := range report.Policies {
		if result.Policy != policies[i] || len(result.Points) != 2 || result.Points[0].HitRatio <= 0 ||
			result.Points[0].HitRatio >= result.Points[1].HitRatio {
			t.Errorf("%+v", result)
		}
		if column := fmt.Sprintf(" %.2f", 100*result.Points[1].HitRatio); !strings.Contains(r.stdout, column) {
			t.Errorf("the table lacks %s of %s:\n%s", column, result.Policy, r.stdout)
		}
	}
	checkChart(t, filepath.Join(cmd.Dir, "a.svg"), policies)
}

// checkChart reads a chart as XML and looks for the policies' names.
func checkChart(t *testing.T, path string, policies []string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	texts := make(map[string]bool)
	for decoder := xml.NewDecoder(file); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			texts[string(text)] = true
		}
	}
	for _, policy := range policies {
		if !texts[policy] {
			t.Errorf("the chart does not name %s", policy)
		}
	}
}

// TestCacheSimOfSizes reads from standard input, and writes the figures alone to
// standard output.
func TestCacheSimOfSizes(t *testing.T) {
	if !hasRust(t) {
		t.Skip("this build has no policies")
	}
	cmd := program(t, "cache-sim", "--trace=-", "--format=csv", "--sizes=1KiB", "--policies=lru,lru", "--json=-")
	cmd.Stdin = strings.NewReader("key,size\na,1000\nb,2000\na,1000\nb,2000\n")
	r := finish(t, cmd)
	var report cachesim.Report
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != 0 {
		t.Fatalf("exit code %d, %v:\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	if report.Trace != "standard input" || report.Unit != "bytes" || report.Footprint != 3000 || len(report.Policies) != 1 {
		t.Errorf("%+v", report)
	}
	// What is larger than the cache is never in it, and drops nothing.
	if point := report.Policies[0].Points[0]; point.Hits != 1 || *point.ByteHitRatio != 1000.0/6000 {
		t.Errorf("%+v, byte hit ratio %v", point, *point.ByteHitRatio)
	}
	if !strings.Contains(r.stderr, "standard input: 4 requests of 2 keys") {
		t.Errorf("the table is not on standard error: %s", r.stderr)
	}
}

func TestCacheSimTellsWhatIsWrong(t *testing.T) {
	if !hasRust(t) {
		t.Skip("this build has no policies")
	}
	for name, c := range map[string]struct {
		args, input, want string
		code              int
	}{
		"no file":        {"--trace=absent --format=arc", "", "absent", exitFailure},
		"a directory":    {"--trace=. --format=arc", "", "is a directory, not a file", exitFailure},
		"a damaged line": {"--trace=- --format=arc", "1 1\n1 x\n", `standard input: line 2: the number of keys is "x"`, exitFailure},
		"no policy":      {"--trace=- --format=arc --policies=mru", "", `no policy is called "mru": use `, exitUsage},
		"bytes of no sizes": {"--trace=- --format=arc --sizes=1MiB", "1 1\n",
			"the size 1MiB is in bytes, and standard input has no sizes", exitUsage},
		"no place for the chart": {"--trace=- --format=arc --svg=absent/a.svg", "1 1\n", "absent", exitFailure},
	} {
		cmd := program(t, append([]string{"cache-sim"}, strings.Fields(c.args)...)...)
		cmd.Stdin = strings.NewReader(c.input)
		r := finish(t, cmd)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", name, r.code, r.stderr)
		}
	}
}

// TestCacheSimInterrupted ends at once, also while it waits for input, and leaves no
// file behind.
func TestCacheSimInterrupted(t *testing.T) {
	if !hasRust(t) {
		t.Skip("this build has no policies")
	}
	cmd := program(t, "cache-sim", "--trace=-", "--format=arc", "--svg=a.svg")
	stdin, stderr := begin(t, cmd)
	// It takes more than a pipe holds only once it reads.
	if _, err := io.WriteString(stdin, skewed(50_000)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitFailure || stderr.String() != "mantisdb: interrupted\n" {
		t.Errorf("%v, %s", err, stderr.String())
	}
	if left, err := os.ReadDir(cmd.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
