package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/bench"
)

// brief is a level for tests alone.
var brief = bench.Level{Name: "brief", Keys: 2000, ThroughputTime: 20 * time.Millisecond}

// hasRust tells whether this build has the Rust engine.
func hasRust(t *testing.T) bool {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineRust})
	if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	return true
}

// benchmark runs the benchmark mode with flags, but for the level.
func benchmark(ctx context.Context, t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := &cobra.Command{SilenceErrors: true, SilenceUsage: true}
	flags := addBenchmarkFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return flags.measure(cmd, brief, flags.engines(mantisdb.EngineGo))
	}
	var out, errOut bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	err = cmd.ExecuteContext(ctx)
	return out.String(), errOut.String(), err
}

func TestBenchmarkWritesTableProgressAndJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.json")
	if err := os.WriteFile(path, []byte("of an earlier run, and longer than what replaces it"+strings.Repeat(".", 1<<16)), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := benchmark(t.Context(), t, "--benchmark-json="+path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stdout, "engine go, stress brief, durability memory") || !strings.Contains(stdout, "high_throughput") {
		t.Errorf("table is\n%s", stdout)
	}
	if got := strings.Count(stderr, " operations in "); got != 9 || strings.Contains(stderr, "\x1b") {
		t.Errorf("progress tells of %d workloads:\n%s", got, stderr)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var report bench.Report
	if err := json.Unmarshal(data, &report); err != nil || len(report.Results) != 9 || report.Engine != "go" {
		t.Errorf("JSON is %s (%v)", data, err)
	}
}

func TestBenchmarkJSONOnStandardOutputIsAlone(t *testing.T) {
	stdout, stderr, err := benchmark(t.Context(), t, "--benchmark-json=-")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(stdout), new(bench.Report)); err != nil {
		t.Errorf("standard output is not JSON: %v\n%s", err, stdout)
	}
	if !strings.Contains(stderr, "engine go, stress brief") {
		t.Errorf("standard error lacks the table:\n%s", stderr)
	}
}

// TestBenchmarkIsFollowed: with the flag for that, each line of standard error is a step.
func TestBenchmarkIsFollowed(t *testing.T) {
	stdout, stderr, err := benchmark(t.Context(), t, "--benchmark-json=-", "--benchmark-follow")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(stdout), new(bench.Report)); err != nil {
		t.Errorf("standard output is not JSON: %v\n%s", err, stdout)
	}
	workloads := map[int]string{}
	for line := range strings.Lines(stderr) {
		var step bench.Step
		if err := json.Unmarshal([]byte(line), &step); err != nil || step.Engine != "go" || step.Total != 9 {
			t.Fatalf("%q: %v", line, err)
		}
		workloads[step.Done] = step.Workload
	}
	if len(workloads) != 9 || workloads[0] != "sequential_writes" || workloads[8] != "high_throughput" {
		t.Errorf("steps of %v", workloads)
	}
}

func TestBenchmarkOfAllEngines(t *testing.T) {
	stdout, stderr, err := benchmark(t.Context(), t, "--benchmark-engine=all", "--benchmark-json=-")
	if !hasRust(t) {
		if err == nil || exitCode(err) != exitFailure || !strings.Contains(err.Error(), "make build-rust") || stdout+stderr != "" {
			t.Errorf("error is %v, exit code %d, output %q", err, exitCode(err), stdout+stderr)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var reports []bench.Report
	if err := json.Unmarshal([]byte(stdout), &reports); err != nil || len(reports) != 2 || reports[0].Engine != "rust" || reports[1].Engine != "go" {
		t.Errorf("JSON is %s (%v)", stdout, err)
	}
	if !strings.Contains(stderr, "rust / go\n") {
		t.Errorf("the ratios are missing:\n%s", stderr)
	}
}

func TestBenchmarkRefusals(t *testing.T) {
	directory := t.TempDir()
	type refusal struct {
		args []string
		code int
		says string
	}
	cases := []refusal{
		{[]string{"--benchmark-stress=brutal"}, exitUsage, "use light, medium, heavy or extreme"},
		{[]string{"--benchmark-engine=c"}, exitUsage, "use rust, go, cache or all"},
		{[]string{"--benchmark-seed=x"}, exitUsage, "--benchmark-seed"},
		{[]string{"--benchmark-json=" + filepath.Join(directory, "none", "x")}, exitFailure, "no such file or directory"},
		{[]string{"--benchmark-json=" + directory}, exitFailure, "is a directory"},
		{[]string{"--benchmark-html=-"}, exitUsage, "takes the name of a file"},
	}
	if !hasRust(t) {
		cases = append(cases, refusal{[]string{"--benchmark-engine=rust"}, exitFailure, "engine not built in"})
	}
	for _, c := range cases {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"--benchmark-only"}, c.args...), strings.NewReader(""), &stdout, &stderr)
		if code != c.code || !strings.Contains(stderr.String(), c.says) || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%v: exit code %d, %q, %q", c.args, code, stdout.String(), stderr.String())
		}
	}
}

// TestBenchmarkFlagsThatWouldDoNothing are refused on the command line.
func TestBenchmarkFlagsThatWouldDoNothing(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--benchmark-stress=light"}, "--benchmark-stress needs --benchmark-only"},
		{[]string{"--benchmark-engine=go"}, "--benchmark-engine needs --benchmark-only"},
		{[]string{"--benchmark-json=-"}, "--benchmark-json needs --benchmark-only"},
		{[]string{"--benchmark-html=x"}, "--benchmark-html needs --benchmark-only"},
		{[]string{"--benchmark-seed=1", "--benchmark-only=false"}, "--benchmark-seed needs --benchmark-only"},
		{[]string{"--benchmark-only", "--engine=go", "--data-dir=" + directory}, "--data-dir and --benchmark-only exclude each other"},
	} {
		var stdout, stderr bytes.Buffer
		// The port is none, so that what should be refused cannot serve.
		code := run(append([]string{"--port=-1"}, c.args...), strings.NewReader(""), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), c.says) || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%v: exit code %d, %q, %q", c.args, code, stdout.String(), stderr.String())
		}
	}
	if _, err := os.Stat(directory); !os.IsNotExist(err) {
		t.Errorf("the directory was made: %v", err)
	}
}

// TestBenchmarkSettingsOutsideTheCommandLine serve either mode.
func TestBenchmarkSettingsOutsideTheCommandLine(t *testing.T) {
	t.Setenv("MANTISDB_DATA_DIR", filepath.Join(t.TempDir(), "data"))
	t.Setenv("MANTISDB_BENCHMARK_SEED", "7")
	for _, only := range []string{"true", "false"} {
		t.Setenv("MANTISDB_BENCHMARK_ONLY", only)
		root := newRootCommand()
		if err := root.PreRunE(root, nil); err != nil {
			t.Errorf("--benchmark-only=%s: %v", only, err)
		}
	}
}

func TestAnInterruptedBenchmarkLeavesNoFile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	directory := t.TempDir()
	_, _, err := benchmark(ctx, t, "--benchmark-json="+filepath.Join(directory, "figures.json"))
	if err == nil || !strings.Contains(err.Error(), "benchmark stopped in sequential_writes") {
		t.Errorf("error is %v", err)
	}
	if entries, _ := os.ReadDir(directory); len(entries) > 0 {
		t.Errorf("%v is left behind", entries)
	}
}

func TestErrorsOfABenchmarkAreAFailure(t *testing.T) {
	sound := bench.Report{Results: []bench.Result{{}, {}}}
	spoiled := bench.Report{Results: []bench.Result{{Errors: 2}, {Errors: 1}}}
	if err := countedErrors([]bench.Report{sound, sound}); err != nil {
		t.Errorf("error is %v", err)
	}
	err := countedErrors([]bench.Report{sound, spoiled})
	if err == nil || exitCode(err) != exitFailure || !strings.HasPrefix(err.Error(), "3 operations") {
		t.Errorf("error is %v", err)
	}
}
