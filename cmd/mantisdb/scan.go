package main

import (
	"bufio"
	"context"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
)

// scanFlags are those of scan.
type scanFlags struct {
	keyspaceFlags
	keys              keyFlags
	selected          rangeFlags
	lines             entryFlags
	limit             uint64
	reverse, keysOnly bool
}

func newScanCommand() *cobra.Command {
	var flags scanFlags
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "List entries in the order of their keys",
		Long: "Writes the entries of a range, as of one moment, in the order of the bytes of their\n" +
			"keys, a line each. The plain form is key, tab and value, with \\n, \\t, \\\\ and \\xff for\n" +
			"what would not show or break the line; --key-form=escaped takes keys in that form.",
		Example: "  mantisdb scan --prefix=user/ --limit=10\n" +
			"  mantisdb scan --prefix=log/ --reverse --limit=1\n" +
			"  mantisdb scan --keys-only | wc -l\n" +
			"  mantisdb scan --from=a --to=b --output=json > some.ndjson",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd) },
	}
	flags.add(cmd)
	flags.keys.add(cmd.Flags())
	flags.selected.add(cmd)
	flags.lines.add(cmd.Flags())
	cmd.Flags().Uint64Var(&flags.limit, "limit", 0, "at most so many entries; 0 is all")
	cmd.Flags().BoolVar(&flags.reverse, "reverse", false, "in descending order")
	cmd.Flags().BoolVar(&flags.keysOnly, "keys-only", false, "without values")
	return cmd
}

func (f *scanFlags) run(cmd *cobra.Command) error {
	r, err := f.selected.bounds(&f.keys)
	if err != nil {
		return err
	}
	r.Reverse, r.KeysOnly = f.reverse, f.keysOnly
	out := dataOutput(cmd)
	return f.use(cmd, false, func(ks keyspace) error { return f.write(cmd.Context(), out, ks, r) })
}

// write writes a line for each entry. What there is before an error is written too.
func (f *scanFlags) write(ctx context.Context, out stdout, ks keyspace, r mantisdb.Range) error {
	w := bufio.NewWriterSize(out, 64<<10)
	var line []byte
	for entry, err := range ks.scan(ctx, r, f.limit) {
		if err != nil {
			_ = w.Flush() // err tells more
			return err
		}
		line = f.lines.append(line[:0], entry, f.keysOnly)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return w.Flush()
}
