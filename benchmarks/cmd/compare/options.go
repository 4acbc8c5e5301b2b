package main

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/plan"
)

// leastKeys are the fewest that all programs take. MantisDB's cache has a least budget, which
// a tenth of so few does not fill: it needs twenty times as many in that scenario.
const leastKeys = 1000

// options are the flags of a run.
type options struct {
	plan    plan.Options
	bin     string // the directory with the programs
	server  string // MantisDB's, with the Rust engine
	dataDir string
	results string // the directory for what is written
	commit  string
	leftOut list
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, "; ") }

func (l *list) Set(text string) error {
	*l = append(*l, text)
	return nil
}

// names are what stands before the reasons.
func (l list) names() []string {
	all := make([]string, len(l))
	for i, text := range l {
		all[i], _, _ = strings.Cut(text, ":")
	}
	return all
}

func parse(args []string) (*options, error) {
	var (
		o       options
		only    string
		scale   string
		rounds  int
		seconds float64
		keys    uint64
		timeout time.Duration
	)
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.StringVar(&scale, "scale", "full", "small or full")
	flags.StringVar(&only, "only", "", "regular expression over group/engine/scenario; takes all by default")
	flags.IntVar(&rounds, "rounds", 0, "how often all is done; 0 is the scale's")
	flags.Float64Var(&seconds, "seconds", 0, "seconds of each timed phase; 0 is the scale's")
	flags.Uint64Var(&keys, "keys", 0, "distinct keys, but those of large values; 0 is the scale's")
	flags.DurationVar(&timeout, "timeout", 0, "after which a job is given up; 0 is the scale's")
	flags.Uint64Var(&o.plan.Seed, "seed", 1, "decides the order of systems")
	flags.StringVar(&o.bin, "bin", "../target/peers", "directory with the programs")
	flags.StringVar(&o.server, "mantisdb", "../mantisdb-rust", "MantisDB's server, with the Rust engine")
	flags.StringVar(&o.dataDir, "data-dir", "../target/peers-data", "where systems put their data")
	flags.StringVar(&o.results, "results", "results", "directory for results, the page and charts")
	flags.StringVar(&o.commit, "commit", "unknown", "of MantisDB, written into the results")
	flags.Var(&o.leftOut, "left-out", "NAME: REASON, a group, a system or a scenario that cannot be measured here; may be given again")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if rounds < 0 || seconds < 0 || timeout < 0 {
		return nil, errors.New("rounds, seconds and timeout are not negative")
	}
	chosen, err := plan.FindScale(scale)
	if err != nil {
		return nil, err
	}
	if rounds > 0 {
		chosen.Rounds = rounds
	}
	if seconds > 0 {
		chosen.Seconds = seconds
	}
	if timeout > 0 {
		chosen.Timeout = timeout
	}
	if keys > 0 && keys < leastKeys {
		return nil, fmt.Errorf("keys are at least %d", leastKeys)
	}
	if keys > 0 {
		chosen = chosen.WithKeys(keys)
	}
	o.plan.Scale, o.plan.LeftOut = chosen, o.leftOut.names()
	if only != "" {
		if o.plan.Only, err = regexp.Compile(only); err != nil {
			return nil, err
		}
	}
	return &o, o.makeAbsolute()
}

// makeAbsolute makes paths absolute: jobs and the search for the file system need them so.
func (o *options) makeAbsolute() error {
	for _, path := range []*string{&o.bin, &o.server, &o.dataDir, &o.results} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	return nil
}
