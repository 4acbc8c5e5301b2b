package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/plan"
	"github.com/mantisdb/mantisdb/benchmarks/internal/report"
	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
	"github.com/mantisdb/mantisdb/benchmarks/internal/runner"
)

// grace is how long a job may take to end when it is told to.
const grace = 5 * time.Second

// makePlan asks the programs what they can do. One that does not answer is left out.
func (o *options) makePlan(ctx context.Context) ([]plan.Job, error) {
	var abilities []plan.Ability
	for _, program := range plan.Programs(o.bin, o.server) {
		can, err := program.Abilities(ctx)
		if err != nil {
			fmt.Fprintf(os.Stderr, "left out: %s: %v\n", program.Group, err)
			o.leftOut = append(o.leftOut, fmt.Sprintf("%s: its program does not run", program.Group))
			continue
		}
		abilities = append(abilities, can...)
	}
	jobs := plan.Make(o.plan, abilities)
	if len(jobs) == 0 {
		return nil, errors.New("there is nothing to do: no system, or none that -only matches")
	}
	return jobs, nil
}

func showPlan(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	jobs, err := o.makePlan(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		fmt.Printf("%d %s\n", job.Round, job.Name())
	}
	return nil
}

// runAll does the plan and writes what there is, also when it is interrupted. It fails
// if a job did.
func runAll(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	jobs, err := o.makePlan(ctx)
	if err != nil {
		return err
	}
	for _, dir := range []string{o.dataDir, o.results} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	file, err := o.newFile(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d jobs in %d rounds, seed %d\n", len(jobs), file.Rounds, file.Seed)
	jobRunner := runner.Runner{DataDir: o.dataDir, Grace: grace, Log: os.Stderr}
	outcome, err := jobRunner.Run(ctx, jobs)
	return errors.Join(err, o.write(file, outcome))
}

// newFile has all that is known before the first job.
func (o *options) newFile(ctx context.Context) (*results.File, error) {
	machine, err := results.ThisMachine(o.dataDir)
	if err != nil {
		return nil, err
	}
	file := &results.File{
		Format: results.Format, Date: time.Now().UTC().Format(time.RFC3339), Commit: o.commit,
		Scale: o.plan.Scale.Name, Seed: o.plan.Seed, Rounds: o.plan.Scale.Rounds, Seconds: o.plan.Scale.Seconds,
		Machine: machine, LeftOut: o.leftOut, Versions: map[string]string{"go": runtime.Version()},
	}
	if o.plan.Only != nil {
		file.Only = o.plan.Only.String()
	}
	if text, err := exec.CommandContext(ctx, "rustc", "--version").Output(); err == nil {
		file.Versions["rust"] = strings.TrimSpace(string(text))
	}
	return file, nil
}

// write writes results, page and charts, and tells where.
func (o *options) write(file *results.File, outcome runner.Outcome) error {
	if len(outcome.Records) == 0 {
		return errors.New("nothing was measured")
	}
	file.Rows = results.Collect(outcome.Records)
	file.Failures, file.Interrupted = outcome.Failures, outcome.Interrupted
	for _, row := range file.Rows {
		file.Versions[row.Engine] = row.Version
	}
	path, err := free(filepath.Join(o.results, file.Date[:len(time.DateOnly)]+"-"+file.Machine.Name()))
	if err != nil {
		return err
	}
	if err := file.Write(path); err != nil {
		return err
	}
	page, err := report.Write(path)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n", path, page)
	switch {
	case file.Interrupted:
		return errors.New("interrupted: the results have what was measured until then")
	case len(file.Failures) > 0:
		return fmt.Errorf("%d jobs failed: the report names them", len(file.Failures))
	}
	return nil
}

// free is the path of a file that is not there yet: name.json, or with a number.
func free(name string) (string, error) {
	path := name + ".json"
	for n := 2; ; n++ {
		_, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		path = fmt.Sprintf("%s-%d.json", name, n)
	}
}
