// Command compare measures MantisDB beside what one would use instead, writes what was
// seen as JSON, Markdown and charts, and compares two such files.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/mantisdb/mantisdb/benchmarks/internal/diff"
	"github.com/mantisdb/mantisdb/benchmarks/internal/report"
	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

const usage = `usage:
  compare run [flags]            all systems, round after round: results, a page, charts
  compare plan [flags]           what run would do, and in which order
  compare report FILE            the page and the charts of results, made anew
  compare diff [flags] OLD NEW   what became slower beyond the noise; ends with 1 if MantisDB did

What goes wrong ends with 2.
`

// errSlower ends a diff that has found something.
var errSlower = errors.New("MantisDB became slower")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "compare:", err)
	}
	os.Exit(exitCode(err))
}

// exitCode tells what is slower from what went wrong, as diff tells files that differ.
func exitCode(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errSlower):
		return 1
	default:
		return 2
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	switch args[0] {
	case "run":
		return runAll(ctx, args[1:])
	case "plan":
		return showPlan(ctx, args[1:])
	case "report":
		return writeReports(args[1:])
	case "diff":
		return writeDiff(args[1:])
	default:
		return fmt.Errorf("no command %q\n%s", args[0], usage)
	}
}

func writeReports(paths []string) error {
	if len(paths) == 0 {
		return errors.New("report takes files of results")
	}
	for _, path := range paths {
		page, err := report.Write(path)
		if err != nil {
			return err
		}
		fmt.Println(page)
	}
	return nil
}

func writeDiff(args []string) error {
	var o diff.Options
	flags := flag.NewFlagSet("diff", flag.ContinueOnError)
	flags.Float64Var(&o.Percent, "percent", 10, "by which medians must differ at least to be a change")
	flags.BoolVar(&o.All, "all", false, "compare peers as well")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Percent < 0 {
		return errors.New("percent is not negative")
	}
	if flags.NArg() != 2 {
		return errors.New("diff takes two files of results, the old one first")
	}
	var files [2]*results.File
	for i := range files {
		var err error
		if files[i], err = results.Read(flags.Arg(i)); err != nil {
			return err
		}
	}
	d := diff.New(files[0], files[1], o)
	if err := d.Write(os.Stdout); err != nil {
		return err
	}
	if d.Rows == 0 {
		return errors.New("the files have nothing in common")
	}
	if n := d.Slower(); n > 0 {
		return fmt.Errorf("%w in %d figures", errSlower, n)
	}
	return nil
}
