package metamorphic

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Environment variables, those of the engines' model test: what repeats a run, and how
// many operations it does.
const (
	seedVariable  = "MANTISDB_TEST_SEED"
	stepsVariable = "MANTISDB_TEST_STEPS"
)

var (
	scriptFile  = flag.String("metamorphic.script", "", "a file with a script, to be run in place of random ones")
	reduceLimit = flag.Duration("metamorphic.reduce", time.Minute, "how long a script that fails may be made shorter")
)

// number reads an environment variable.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func steps(t *testing.T) int64 {
	n := uint64(300_000)
	if testing.Short() {
		n = 20_000
	}
	return int64(number(t, stepsVariable, n))
}

// TestRandom runs random scripts, each of a seed of its own, on as many processors as
// there are.
func TestRandom(t *testing.T) {
	if *scriptFile != "" {
		t.Skip("another script is to be run")
	}
	f := &fleet{t: t, seed: number(t, seedVariable, uint64(time.Now().UnixNano())), steps: steps(t)}
	t.Logf("to repeat: %s=%d", seedVariable, f.seed)
	began := time.Now()
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(f.work)
	}
	workers.Wait()
	t.Logf("%d operations of %d scripts on %s, %d scripts cut short by an expiry, in %v",
		f.done.Load(), f.scripts.Load(), strings.Join(engines, " and "), f.uncertain.Load(), time.Since(began).Round(time.Millisecond))
	if !t.Failed() && f.uncertain.Load() > f.scripts.Load()/4 {
		t.Errorf("too many scripts were cut short")
	}
}

// fleet runs scripts until enough was done or one has failed.
type fleet struct {
	t                        *testing.T
	seed                     uint64
	steps                    int64
	scripts, done, uncertain atomic.Int64
	failed                   atomic.Bool
}

func (f *fleet) work() {
	for !f.failed.Load() && f.done.Load() < f.steps {
		seed := f.seed + uint64(f.scripts.Add(1)-1)
		s := scriptOf(seed)
		out := runIn(f.t, s)
		f.done.Add(int64(out.Steps))
		if out.Uncertain {
			f.uncertain.Add(1)
		}
		if out.Failure != nil && !f.failed.Swap(true) {
			f.t.Errorf("%s=%d fails:\n%s", seedVariable, seed, tell(f.t, s, out.Failure))
		}
	}
}

// scriptOf makes up a script: one in three is on disk. The first of a run has the run's
// own seed, and each other the next, so that the seed of one that failed repeats it.
func scriptOf(seed uint64) *Script {
	return Generate(seed, 4000, seed%3 == 0, engines)
}

// runIn runs a script in a directory that is gone afterwards.
func runIn(t *testing.T, s *Script) Outcome {
	home, err := os.MkdirTemp(t.TempDir(), "run")
	if err != nil {
		t.Error(err)
		return Outcome{}
	}
	defer os.RemoveAll(home)
	return Run(s, home)
}

// tell reduces a script that has failed and tells how to run it again.
func tell(t *testing.T, s *Script, failure *Failure) string {
	short, again := Reduce(s, failure, *reduceLimit, func(s *Script) *Failure { return runIn(t, s).Failure })
	return failure.Error() + "\n\nreduced from " + strconv.Itoa(len(s.Ops)) + " to " + strconv.Itoa(len(short.Ops)) +
		" operations, to be run with -metamorphic.script=FILE:\n\n" + short.String() + "\n" + again.Error()
}

// TestScript runs the script of a file.
func TestScript(t *testing.T) {
	if *scriptFile == "" {
		t.Skip("there is no -metamorphic.script")
	}
	text, err := os.ReadFile(*scriptFile)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseScript(string(text))
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(*scriptFile), err)
	}
	if out := runIn(t, s); out.Failure != nil {
		t.Error(out.Failure)
	}
}
