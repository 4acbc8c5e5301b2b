package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// leastInterval keeps the figures from being mostly those of asking for them.
const leastInterval = 100 * time.Millisecond

// topFlags are those of top.
type topFlags struct {
	targetFlags
	interval time.Duration
	count    uint64
	once     bool
}

func newTopCommand() *cobra.Command {
	var flags topFlags
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch what a server does, in the terminal",
		Long: "Shows what a server does: operations and requests a second, how long commands took,\n" +
			"memory, the log, the cache, flushes and compactions, of the last --interval. It goes\n" +
			"on until q or Ctrl-C is pressed, also while the server is away.\n\n" +
			"If standard output is no terminal, and with --once or --count, it writes lines of\n" +
			"columns instead, one each --interval, the first after the first one; an error then\n" +
			"ends it.",
		Example: "  mantisdb top\n" +
			"  mantisdb top --interval=5s --server=unix:///run/mantisdb/mantisdb.sock\n" +
			"  mantisdb top --once\n" +
			"  mantisdb top --interval=1m --count=60 > hour.txt",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd) },
	}
	flags.add(cmd)
	cmd.Flags().DurationVar(&flags.interval, "interval", 2*time.Second, "how often to show new figures, and of how long they are")
	cmd.Flags().Uint64Var(&flags.count, "count", 0, "write so many lines and end; 0 is without end")
	cmd.Flags().BoolVar(&flags.once, "once", false, "write one line and end")
	return cmd
}

func (f *topFlags) run(cmd *cobra.Command) error {
	switch {
	case f.interval < leastInterval:
		return usageError{fmt.Errorf("--interval is %v, and the least is %v", f.interval, leastInterval)}
	case f.once && f.count > 0:
		return usageError{errors.New("--once and --count exclude each other")}
	case f.once:
		f.count = 1
	}
	out := dataOutput(cmd)
	err := f.use(cmd, false, func(from target) error {
		if file, ok := out.Writer.(*os.File); ok && out.isTerminal && f.count == 0 {
			return showTop(cmd.Context(), cmd.InOrStdin(), file, from, f.name(), f.interval)
		}
		return f.writeLines(cmd.Context(), out, from)
	})
	if cmd.Context().Err() != nil && f.count == 0 {
		return nil // to interrupt it is how it ends
	}
	return err
}

// writeLines writes a line of figures each interval.
func (f *topFlags) writeLines(ctx context.Context, out io.Writer, from target) error {
	before, err := takeSample(ctx, from)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, topHeader()); err != nil {
		return err
	}
	ticks := time.NewTicker(f.interval)
	defer ticks.Stop()
	for n := uint64(1); ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		}
		now, err := takeSample(ctx, from)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, topLine(change{before, now})); err != nil || n == f.count {
			return err
		}
		before = now
	}
}
