package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/plan"
)

// child runs the job's process and returns what it measured, also if it failed
// afterwards: a phase is written when it is over.
//
// The data are in a directory below dir, which the program makes, and dir is where
// the program has its temporary files.
func (r *Runner) child(ctx context.Context, job plan.Job, dir string) ([]measure.Record, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, job.Timeout, fmt.Errorf("not done after %v", job.Timeout))
	defer cancel()
	var out, complaints bytes.Buffer
	command := exec.CommandContext(ctx, job.Program.Path, job.Args(filepath.Join(dir, "data"))...)
	command.Env = append(os.Environ(), "TMPDIR="+dir)
	command.Stdout, command.Stderr = &out, &complaints
	// A group of its own: Ctrl-C reaches this program alone, which then ends the
	// process with all that it has started.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = r.Grace
	if err := command.Start(); err != nil {
		return nil, err
	}
	failure := command.Wait()
	// Nothing of a job outlives it, as a server that it did not stop would.
	if err := syscall.Kill(-command.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return nil, err
	}
	if ctx.Err() != nil {
		failure = context.Cause(ctx)
	} else if failure != nil {
		failure = fmt.Errorf("%w%s", failure, gist(complaints.String()))
	}
	records, err := decode(&out, job)
	if failure == nil {
		failure = err
	}
	return records, failure
}

// gist is what a program complained about, after a colon: the last line before an empty
// one, behind which are the goroutines of a panic or how to get help.
func gist(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n\n")
	if last := strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:]); last != "" {
		return ": " + last
	}
	return ""
}

// decode reads records until one is not the job's, which is an error.
func decode(out io.Reader, job plan.Job) ([]measure.Record, error) {
	var records []measure.Record
	decoder := json.NewDecoder(out)
	decoder.DisallowUnknownFields()
	for {
		var r measure.Record
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return records, fmt.Errorf("what it wrote after %d records is no record: %w", len(records), err)
		}
		if r.Group != job.Program.Group || r.Engine != job.Engine || r.Scenario != job.Scenario || r.Round != job.Round {
			return records, fmt.Errorf("it wrote a record of %s/%s/%s in round %d", r.Group, r.Engine, r.Scenario, r.Round)
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil, errors.New("it wrote no record")
	}
	return records, nil
}
