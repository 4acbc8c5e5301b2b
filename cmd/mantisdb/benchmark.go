package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/bench"
	"github.com/mantisdb/mantisdb/web"
)

// allEngines as --benchmark-engine measures every engine that keeps what it is given, the
// Rust engine first.
const allEngines = "all"

// benchmarkDirFlag is one of the server, though it is named as those of the benchmark mode.
const benchmarkDirFlag = "benchmark-dir"

// isOfBenchmark tells whether a flag is one of the benchmark mode.
func isOfBenchmark(name string) bool {
	return strings.HasPrefix(name, "benchmark-") && name != benchmarkDirFlag
}

// benchmarkFlags are those of the benchmark mode.
type benchmarkFlags struct {
	only   bool
	stress enum
	engine enum // empty is the server's --engine
	json   string
	html   string
	page   func() (before, after []byte, err error) // that --benchmark-html writes, as web.Report
	seed   uint64
	// follow has each step written to standard error as a line of JSON, for the server
	// that has started this program.
	follow bool
}

func addBenchmarkFlags(flags *pflag.FlagSet) *benchmarkFlags {
	var names []string
	for _, level := range bench.Levels {
		names = append(names, level.Name)
	}
	f := &benchmarkFlags{
		page:   web.Report,
		stress: newEnum(names[0], names...),
		engine: newEnum("", mantisdb.EngineRust, mantisdb.EngineGo, mantisdb.EngineCache, allEngines),
	}
	flags.BoolVar(&f.only, "benchmark-only", false, "measure the engine in memory instead of serving; see docs/benchmark-mode.md")
	flags.Var(&f.stress, "benchmark-stress", "how much the benchmark does")
	flags.Var(&f.engine, "benchmark-engine", "engine to measure, or all to compare (default that of --engine)")
	flags.StringVar(&f.json, "benchmark-json", "", "file to write the benchmark's figures to; - is standard output, and moves the table to standard error")
	flags.StringVar(&f.html, "benchmark-html", "", "file to write a page with charts of the figures to")
	flags.Uint64Var(&f.seed, "benchmark-seed", 1, "number that determines which keys the benchmark chooses")
	flags.BoolVar(&f.follow, "benchmark-follow", false, "write progress as lines of JSON; for the server")
	flags.Lookup("benchmark-follow").Hidden = true
	return f
}

// check finds flags of the command line that would do nothing. Variables and
// files may hold settings of both the server and the benchmark.
func (f *benchmarkFlags) check(given []string) error {
	if f.only {
		if slices.Contains(given, "data-dir") {
			return usageError{errors.New("--data-dir and --benchmark-only exclude each other: the benchmark measures in memory only")}
		}
		return nil
	}
	for _, name := range given {
		if isOfBenchmark(name) && name != "benchmark-only" {
			return usageError{fmt.Errorf("--%s needs --benchmark-only", name)}
		}
	}
	return nil
}

// run measures what the flags say; engine is what --engine does.
func (f *benchmarkFlags) run(cmd *cobra.Command, engine string) error {
	level, err := bench.ParseLevel(f.stress.value)
	if err != nil {
		return usageError{err}
	}
	return f.measure(cmd, level, f.engines(engine))
}

func (f *benchmarkFlags) engines(standard string) []string {
	switch f.engine.value {
	case "":
		return []string{standard}
	case allEngines:
		return []string{mantisdb.EngineRust, mantisdb.EngineGo}
	}
	return []string{f.engine.value}
}

// measure runs the benchmark and writes what it showed. Errors that it counted
// are an error too, when all else is done. What an interrupt leaves is written
// to the table alone: in a file it would pass for the whole.
func (f *benchmarkFlags) measure(cmd *cobra.Command, level bench.Level, engines []string) error {
	out, err := f.createJSON(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer out.discard()
	page, err := f.createHTML(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer page.discard()
	stderr := cmd.ErrOrStderr()
	options := bench.Options{Engines: engines, Level: level, Seed: f.seed, Progress: stderr, Live: isTerminal(stderr)}
	if f.follow {
		lines := json.NewEncoder(stderr)
		options.Progress, options.Follow = io.Discard, func(s bench.Step) { lines.Encode(s) }
	}
	reports, err := bench.Run(cmd.Context(), options)
	tables := cmd.OutOrStdout()
	switch {
	case f.follow:
		tables = io.Discard
	case f.json == stdio:
		tables = stderr
	}
	if err := errors.Join(err, writeTables(tables, reports)); err != nil {
		if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
			// The flag is right, this program lacks what it asks for: that is
			// no error of usage.
			return errors.New(err.Error())
		}
		return err
	}
	if err := errors.Join(f.writeJSON(out, reports), page.write(reports)); err != nil {
		return err
	}
	return countedErrors(reports)
}

// createJSON opens the file of the figures, if one is asked for, before anything
// is measured in vain.
func (f *benchmarkFlags) createJSON(stdout io.Writer) (*output, error) {
	if f.json == "" {
		return &output{Writer: io.Discard}, nil
	}
	return createOutput(stdout, f.json)
}

// writeJSON writes a list of reports for --benchmark-engine=all, else the report.
func (f *benchmarkFlags) writeJSON(out *output, reports []bench.Report) (err error) {
	if f.engine.value == allEngines {
		err = bench.WriteReports(out, reports)
	} else {
		err = bench.WriteReport(out, &reports[0])
	}
	if err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return out.commit()
}

// writeTables writes a table for each engine, and how two compare.
func writeTables(out io.Writer, reports []bench.Report) error {
	for i := range reports {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := reports[i].WriteTable(out); err != nil {
			return err
		}
	}
	if len(reports) == 2 {
		fmt.Fprintln(out)
		return bench.WriteRatios(out, &reports[0], &reports[1])
	}
	return nil
}

// countedErrors is an error if operations failed or read what was not written.
func countedErrors(reports []bench.Report) error {
	var count uint64
	for i := range reports {
		count += reports[i].Errors()
	}
	if count > 0 {
		return fmt.Errorf("%d operations of the benchmark failed or read what was not written; the table says which", count)
	}
	return nil
}
