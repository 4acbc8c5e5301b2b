package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb/internal/cachesim"
)

// cacheSimFlags say what to replay and where the figures go.
type cacheSimFlags struct {
	trace    string
	format   enum
	columns  cachesim.Columns
	sizes    []string
	policies []string
	svg      string
	json     string
}

func newCacheSimCommand() *cobra.Command {
	f := cacheSimFlags{format: newEnum("", cachesim.Formats...)}
	cmd := &cobra.Command{
		Use:   "cache-sim --trace=FILE --format=FORMAT",
		Short: "Replay a trace of requests against the cache's policies",
		Long: "Replays a trace of requests against every policy of the cache in several sizes,\n" +
			"and writes a table of hit ratios. The policy belady knows what is to come: it is\n" +
			"the bound that no other can pass. The formats of traces are\n\n" +
			"  arc  text, a line `START COUNT IGNORED...` for COUNT keys from START on\n" +
			"  u32  keys of 32 bits, little-endian, back to back\n" +
			"  csv  text, a line KEY or KEY,SIZE with the entry's size in bytes\n\n" +
			"and each may be compressed with Zstandard or xz. Keys of csv are any text. A\n" +
			"header of csv may name the columns `key` and `size`. With sizes, those of the\n" +
			"caches are in bytes too. See docs/cache-sim.md.",
		Example: "  mantisdb cache-sim --trace=requests.csv --format=csv --sizes=64MiB,1%,5% --svg=requests.svg",
		Args:    usageArgs(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.trace, "trace", "", "file of requests; - is standard input")
	flags.Var(&f.format, "format", "format of the trace")
	flags.IntVar(&f.columns.Key, "csv-key", 0, "column of the key, from 1 on (default that of the header, or 1)")
	flags.IntVar(&f.columns.Size, "csv-size", 0, "column of the size, from 1 on (default that of the header, or 2 if there is one)")
	flags.StringSliceVar(&f.sizes, "sizes", strings.Split(cachesim.DefaultSizes, ","), "sizes of caches: numbers of entries, percentages of what the trace touches in all, or with sizes of entries bytes as 64MiB")
	flags.StringSliceVar(&f.policies, "policies", nil, "policies to replay against (default all)")
	flags.StringVar(&f.svg, "svg", "", "file to write a chart to; - is standard output, and moves the table to standard error")
	flags.StringVar(&f.json, "json", "", "file to write the figures to; - is standard output, and moves the table to standard error")
	return cmd
}

func (f *cacheSimFlags) run(cmd *cobra.Command) error {
	sizes, err := f.check()
	if err != nil {
		return usageError{err}
	}
	policies, err := f.choose()
	if err != nil {
		return err
	}
	files, err := f.createFiles(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer files.discard()
	trace, err := f.read(cmd)
	if err != nil {
		return told(err)
	}
	capacities, err := trace.Capacities(sizes)
	if err != nil {
		return usageError{err}
	}
	report, err := replayTrace(cmd, trace, cachesim.Plan{Policies: policies, Capacities: capacities})
	if err != nil {
		return told(err)
	}
	table := cmd.OutOrStdout()
	if f.svg == stdio || f.json == stdio {
		table = cmd.ErrOrStderr()
	}
	if err := report.WriteTable(table); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return files.write(report)
}

// check finds what cannot be meant, and reads the sizes.
func (f *cacheSimFlags) check() ([]cachesim.Size, error) {
	switch {
	case f.trace == "":
		return nil, errors.New("--trace is missing: name the file of requests, or - for standard input")
	case f.format.value == "":
		return nil, fmt.Errorf("--format is missing: use %s", f.format.Type())
	case f.columns != cachesim.Columns{} && f.format.value != cachesim.FormatCSV:
		return nil, errors.New("--csv-key and --csv-size need --format=csv")
	case f.columns.Key < 0 || f.columns.Size < 0:
		return nil, errors.New("--csv-key and --csv-size count columns from 1 on")
	case f.svg == stdio && f.json == stdio:
		return nil, errors.New("--svg and --json exclude each other on standard output: name a file for one")
	}
	sizes, err := cachesim.ParseSizes(f.sizes)
	if err != nil {
		return nil, fmt.Errorf("--sizes: %w", err)
	}
	return sizes, nil
}

// choose is the policies to replay against.
func (f *cacheSimFlags) choose() ([]string, error) {
	known, err := cachesim.Policies()
	if err != nil {
		// This program lacks what was rightly asked for: that is no error of usage.
		return nil, errors.New(err.Error())
	}
	if len(f.policies) == 0 {
		return known, nil
	}
	var chosen []string
	for _, name := range f.policies {
		if !slices.Contains(known, name) {
			return nil, usageError{fmt.Errorf("--policies: no policy is called %q: use %s", name, strings.Join(known, ", "))}
		}
		if !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return chosen, nil
}

// read reads the trace. An interrupt ends it also while it waits for input.
func (f *cacheSimFlags) read(cmd *cobra.Command) (*cachesim.Trace, error) {
	in, size, err := openInput(cmd.InOrStdin(), f.trace)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	source := cachesim.Source{Name: filepath.Base(f.trace), Format: f.format.value, Columns: f.columns}
	if f.trace == stdio {
		source.Name = "standard input"
	}
	bar := newProgress(cmd.ErrOrStderr(), "reading", size)
	defer bar.done()
	return awaited(cmd.Context(), func() (*cachesim.Trace, error) {
		return cachesim.Read(cmd.Context(), io.TeeReader(in, meter{io.Discard, bar}), source)
	})
}

// awaited is what f returns, or the context's error if that is done before. Then f
// goes on, with nobody waiting for it.
func awaited[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func replayTrace(cmd *cobra.Command, trace *cachesim.Trace, plan cachesim.Plan) (*cachesim.Report, error) {
	began := time.Now()
	bar := newSteps(cmd.ErrOrStderr(), "replaying", plan.Cells())
	plan.Done = func() { bar.add(1) }
	report, err := awaited(cmd.Context(), func() (*cachesim.Report, error) {
		return cachesim.Replay(cmd.Context(), trace, plan)
	})
	bar.done()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "replayed %d requests %d times in %v\n",
		len(trace.Requests), plan.Cells(), time.Since(began).Round(time.Millisecond))
	return report, nil
}

// reportFiles are the files that a report is written to, beside the table.
type reportFiles struct{ svg, json *output }

// createFiles opens what was asked for, before anything is replayed in vain.
func (f *cacheSimFlags) createFiles(stdout io.Writer) (files reportFiles, err error) {
	if f.svg != "" {
		if files.svg, err = createOutput(stdout, f.svg); err != nil {
			return files, err
		}
	}
	if f.json != "" {
		if files.json, err = createOutput(stdout, f.json); err != nil {
			files.discard()
		}
	}
	return files, err
}

func (r *reportFiles) write(report *cachesim.Report) error {
	if err := commitWith(r.svg, report.WriteSVG); err != nil {
		return err
	}
	return commitWith(r.json, report.WriteJSON)
}

// commitWith has a file written and gives it its name; there may be none.
func commitWith(file *output, write func(io.Writer) error) error {
	if file == nil {
		return nil
	}
	if err := write(file); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	return file.commit()
}

func (r *reportFiles) discard() {
	for _, file := range []*output{r.svg, r.json} {
		if file != nil {
			file.discard()
		}
	}
}
