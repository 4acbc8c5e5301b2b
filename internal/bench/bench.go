// Package bench measures an in-memory MantisDB through its public Go API, so
// that the figures are what a program that embeds it gets. Every byte that a
// workload reads back is checked; what is not exactly what was written last
// counts as an error of that workload.
//
// docs/benchmark-mode.md describes the workloads and how they are measured.
package bench

import (
	"context"
	"fmt"
	"io"
)

// Options say what to run.
type Options struct {
	// Engines are measured one after the other; "" is the build's default.
	Engines []string
	Level   Level
	// Seed determines every choice of keys: the same seed and level give each
	// engine the same operations in the same order.
	Seed uint64
	// Progress is told what is going on; nil discards it.
	Progress io.Writer
	// Live says that Progress is a terminal, on which one line is updated.
	Live bool
	// Follow is told several times a second how far the run is, by one goroutine at a
	// time; nil: nobody follows.
	Follow func(Step)
}

// Run runs all workloads on each engine and returns a report an engine, in the
// order of o.Engines. An engine that cannot be opened is an error before
// anything is measured. When ctx ends, or a store cannot be opened or closed,
// Run returns what was finished by then beside the error. Errors of operations
// do not end the run: Result.Errors counts them.
func Run(ctx context.Context, o Options) ([]Report, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	for _, engine := range o.Engines {
		if err := probe(engine); err != nil {
			return nil, err
		}
	}
	p := newProgress(o.Progress, o.Live)
	p.follow = o.Follow
	for _, warning := range []string{memoryWarning(o.Level), clockWarning(clockCost())} {
		if warning != "" {
			p.note(warning)
		}
	}
	var reports []Report
	for i, engine := range o.Engines {
		s := &suite{
			open:     func() (store, error) { return openStore(engine) },
			level:    o.Level,
			seed:     o.Seed,
			progress: p,
			done:     i * len(workloads),
			total:    len(o.Engines) * len(workloads),
		}
		report, err := s.run(ctx)
		if len(report.Results) > 0 {
			reports = append(reports, report)
		}
		if err != nil {
			return reports, err
		}
	}
	return reports, nil
}

// HasEngine tells whether an engine can be measured by this build.
func HasEngine(name string) bool { return probe(name) == nil }

// probe finds out whether an engine can be opened at all.
func probe(engine string) error {
	s, err := openStore(engine)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("close engine %q: %w", engine, err)
	}
	return nil
}
