// Package runner does the jobs of a plan, each in a process of its own, and keeps
// what they measure. A job that fails ends nothing but itself.
package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/plan"
	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// Runner does jobs one after the other.
type Runner struct {
	// DataDir is an existing directory; each job gets a new one in it, which is
	// removed after the job.
	DataDir string
	// Grace is how long a job that is to end may take for it before it is killed.
	Grace time.Duration
	// Log takes a line for each job.
	Log io.Writer
}

// Outcome is what the jobs came to.
type Outcome struct {
	Records  []measure.Record
	Failures []results.Failure
	// Interrupted tells that the context ended before the last job did.
	Interrupted bool
}

// Run does the jobs until the last or until ctx ends, and returns what was measured
// until then. The error is of this machine, not of a job.
func (r *Runner) Run(ctx context.Context, jobs []plan.Job) (Outcome, error) {
	var o Outcome
	progress := newProgress(jobs)
	for i, job := range jobs {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(r.Log, "[%d/%d] round %d: %s", i+1, len(jobs), job.Round, job.Name())
		start := time.Now()
		records, failure, err := r.do(ctx, job)
		if err != nil {
			fmt.Fprintln(r.Log)
			return o, err
		}
		took := time.Since(start)
		progress.done(job, took)
		o.Records = append(o.Records, records...)
		if ctx.Err() != nil {
			fmt.Fprintln(r.Log, ": interrupted")
			break
		}
		if failure != nil {
			o.Failures = append(o.Failures, results.Failure{
				Group: job.Program.Group, Engine: job.Engine, Scenario: job.Scenario, Round: job.Round, Reason: failure.Error(),
			})
			fmt.Fprintf(r.Log, ": FAILED: %v", failure)
		}
		fmt.Fprintf(r.Log, ": %.1f s%s\n", took.Seconds(), progress.left())
	}
	o.Interrupted = ctx.Err() != nil
	return o, nil
}

// do does one job on an empty directory. What was written before is put on disk
// first, so that it does not slow down the job.
func (r *Runner) do(ctx context.Context, job plan.Job) (records []measure.Record, failure, err error) {
	dir, err := os.MkdirTemp(r.DataDir, "job-")
	if err != nil {
		return nil, nil, err
	}
	syscall.Sync()
	records, failure = r.child(ctx, job, dir)
	return records, failure, os.RemoveAll(dir)
}
