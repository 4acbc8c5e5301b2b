package benchmarks

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mantisdb/mantisdb/internal/bench"
)

// Bounds of what a run's process may write, and of how long it may take to end once it is
// told to.
const (
	longestReport = 4 << 20
	longestLine   = 64 << 10
	longestEnding = 5 * time.Second
)

// measure runs the benchmark in a process, and returns its reports: also beside an error, if
// there are any. follow is told how far it is. The process ends with ctx, and with this one.
func measure(ctx context.Context, c Config, s Settings, follow func(bench.Step)) ([]bench.Report, error) {
	cmd := exec.CommandContext(ctx, c.Program, append(slices.Clone(c.Args),
		"--benchmark-only", "--benchmark-stress="+s.Stress, "--benchmark-engine="+s.Engine,
		"--benchmark-seed="+strconv.FormatUint(s.Seed, 10), "--benchmark-json=-", "--benchmark-follow")...)
	out, told := &report{}, &progress{follow: follow}
	cmd.Stdout, cmd.Stderr, cmd.Env = out, told, environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = longestEnding
	endWithThread(cmd)
	var err error
	onThreadThatYields(func() { err = runCommand(cmd) })
	reports, wrong := out.parse(s.Engine == All)
	switch {
	case out.tooLong != nil:
		return nil, out.tooLong
	case err == nil:
		return reports, wrong
	case wrong != nil:
		reports = nil
	}
	return reports, errors.New(cmp.Or(told.last, err.Error()))
}

func runCommand(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	sacrifice(cmd.Process.Pid)
	return cmd.Wait()
}

// environment is that of this process without its settings, of which some are secret.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MANTISDB_") })
}

// report gathers what the process writes to standard output.
type report struct {
	text    []byte
	tooLong error
}

// Write implements io.Writer.
func (r *report) Write(b []byte) (int, error) {
	if len(r.text)+len(b) > longestReport {
		r.tooLong = fmt.Errorf("the benchmark's report is longer than %d bytes", longestReport)
		return 0, r.tooLong
	}
	r.text = append(r.text, b...)
	return len(b), nil
}

// parse reads the report, or with all a list of them.
func (r *report) parse(all bool) ([]bench.Report, error) {
	var list []bench.Report
	var err error
	if all {
		err = json.Unmarshal(r.text, &list)
	} else {
		list = make([]bench.Report, 1)
		err = json.Unmarshal(r.text, &list[0])
	}
	if err != nil {
		return nil, fmt.Errorf("the benchmark's report makes no sense: %w", err)
	}
	return list, nil
}

// progress reads what the process writes to standard error: a step on each line, and at last
// perhaps an error.
type progress struct {
	follow func(bench.Step)
	line   []byte // without an end so far
	last   string // that is no step
}

// Write implements io.Writer.
func (p *progress) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		p.line = append(p.line, line[:min(len(line), longestLine-len(p.line))]...)
		if !ended {
			return n, nil
		}
		p.read()
		p.line, b = p.line[:0], rest
	}
}

func (p *progress) read() {
	var step bench.Step
	if err := json.Unmarshal(p.line, &step); err == nil && step.Workload != "" {
		p.follow(step)
	} else if text := strings.TrimSpace(string(p.line)); text != "" {
		p.last = strings.TrimPrefix(text, "mantisdb: ")
	}
}
