package runner

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/plan"
)

// program is a job of the system x in the scenario s, which a shell script does.
// $record is a record of the job, and $dir the directory of its data.
func program(t *testing.T, script string) plan.Job {
	t.Helper()
	const head = `#!/bin/sh
for arg; do case $arg in --dir=*) dir=${arg#--dir=} ;; esac; done
record='{"group":"g","engine":"x","scenario":"s","workload":"w","round":1,"ops_per_second":5}'
`
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(head+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return plan.Job{
		Program: plan.Program{Group: "g", Path: path, Stores: true}, Engine: "x", Scenario: "s", Round: 1, Timeout: 20 * time.Second,
	}
}

func run(t *testing.T, ctx context.Context, jobs ...plan.Job) (Outcome, string) {
	t.Helper()
	var log bytes.Buffer
	r := Runner{DataDir: t.TempDir(), Grace: 100 * time.Millisecond, Log: &log}
	o, err := r.Run(ctx, jobs)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(r.DataDir); err != nil || len(left) > 0 {
		t.Errorf("the jobs leave %v, %v", left, err)
	}
	return o, log.String()
}

func TestFailuresEndNothingElse(t *testing.T) {
	hangs := program(t, `echo "$record"; sleep 60`)
	hangs.Timeout = 200 * time.Millisecond
	stubborn := program(t, `trap "" TERM; echo "$record"; while :; do sleep 0.05; done`)
	stubborn.Timeout = 200 * time.Millisecond
	absent := program(t, "")
	absent.Program.Path += "-absent"
	jobs := []plan.Job{
		program(t, `mkdir "$dir" && touch "$dir/data" && echo "$record"`),
		program(t, `echo "$record"; echo first >&2; echo no room >&2; echo >&2; echo try --help >&2; exit 3`),
		hangs,
		stubborn,
		program(t, `echo "$record"; echo rubbish`),
		program(t, `echo '{"group":"g","engine":"y","scenario":"s","round":1}'`),
		program(t, `echo '{"group":"g","colour":"red"}'`),
		program(t, `:`),
		absent,
		program(t, `[ ! -e "$dir" ] && [ -d "$TMPDIR" ] && echo "$record"`),
	}
	for i := range jobs {
		jobs[i].Scenario = "s"
	}
	o, log := run(t, context.Background(), jobs...)
	if len(o.Records) != 6 {
		t.Errorf("%d records, want those of the sound jobs and those before failures", len(o.Records))
	}
	want := []string{
		"exit status 3: no room", "not done after 200ms", "not done after 200ms", "no record", "g/y/s", "unknown field",
		"wrote no record", "no such file",
	}
	if len(o.Failures) != len(want) {
		t.Fatalf("%d failures: %v", len(o.Failures), o.Failures)
	}
	for i, failure := range o.Failures {
		if !strings.Contains(failure.Reason, want[i]) || failure.Engine != "x" || failure.Group != "g" {
			t.Errorf("failure %+v, want one with %q", failure, want[i])
		}
	}
	if o.Interrupted || strings.Count(log, "FAILED") != len(want) || !strings.Contains(log, "[10/10] round 1: g/x/s") || !strings.Contains(log, " left\n") {
		t.Errorf("the log is\n%s", log)
	}
}

// TestNothingOutlivesAJob starts a process that the job leaves behind.
func TestNothingOutlivesAJob(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	o, _ := run(t, context.Background(), program(t, fmt.Sprintf(`sleep 60 >/dev/null 2>&1 & echo $! >%s; echo "$record"`, file)))
	if len(o.Failures) > 0 {
		t.Fatal(o.Failures)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, pid)
}

// awaitEnd waits until a process has ended. It may stay a zombie where nothing takes
// care of orphans.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for range 100 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d still runs", pid)
}

func TestInterruptKeepsWhatThereIs(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	started := filepath.Join(t.TempDir(), "started")
	go func() {
		for {
			if _, err := os.Stat(started); err == nil {
				interrupt()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	o, _ := run(t, ctx,
		program(t, `echo "$record"`),
		program(t, fmt.Sprintf(`echo "$record"; touch %s; sleep 60`, started)),
		program(t, `echo "$record"`),
	)
	if !o.Interrupted || len(o.Records) != 2 || len(o.Failures) != 0 {
		t.Errorf("interrupted in the second of three jobs: %+v", o)
	}
}

func TestEstimate(t *testing.T) {
	job := func(engine string, round int) plan.Job { return plan.Job{Engine: engine, Round: round} }
	jobs := []plan.Job{job("a", 1), job("b", 1), job("c", 1), job("a", 2), job("b", 2), job("c", 2)}
	p := newProgress(jobs)
	p.done(jobs[0], 10*time.Second)
	p.done(jobs[1], 20*time.Second)
	// c is taken for the mean of a and b, twice.
	if got := p.estimate(); got != 60*time.Second {
		t.Errorf("after two jobs %v are left", got)
	}
	for i, took := range []time.Duration{30, 10, 20, 30} {
		p.done(jobs[2+i], took*time.Second)
	}
	if p.left() != "" {
		t.Errorf("after the last job there is left %q", p.left())
	}
}
