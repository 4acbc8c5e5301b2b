package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

func newExportCommand() *cobra.Command {
	var flags targetFlags
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write all entries to an NDJSON file; - is standard output",
		Long: "Writes every entry in the order of keys, one JSON object a line:\n\n" +
			`  {"key":"<base64>","value":"<base64>","expires_at":<Unix ms>}` + "\n" +
			`  {"keyspace":"<name>","key":"<base64>","value":"<base64>"}` + "\n\n" +
			"expires_at is left out of entries that never expire. The default keyspace comes\n" +
			"first and is not named; each keyspace is written as of one moment. The file\n" +
			"appears whole and on disk, or not at all. What import reads from it is the same to\n" +
			"the last byte. Keyspaces' options and the applied index are not in it: those are\n" +
			"in a backup.",
		Example: "  mantisdb export entries.ndjson\n" +
			"  mantisdb export - --data-dir=/var/lib/mantisdb | gzip > entries.ndjson.gz",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runExport(cmd, &flags, args[0]) },
	}
	flags.add(cmd)
	return cmd
}

func runExport(cmd *cobra.Command, flags *targetFlags, path string) error {
	return flags.writeFile(cmd, path, "exporting", "exported", func(from target, w io.Writer, bar *progress) (uint64, error) {
		return exportLines(cmd.Context(), from, w, bar)
	})
}

// exportLines writes the entries of all keyspaces of from to out and returns how many
// there were.
func exportLines(ctx context.Context, from source, out io.Writer, bar *progress) (exported uint64, err error) {
	named, err := from.keyspaces(ctx)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(out, 256<<10)
	for _, ks := range append([]wire.Keyspace{{}}, named...) {
		n, err := exportKeyspace(ctx, from, ks.Name, w, bar)
		exported += n
		if err != nil {
			return exported, err
		}
	}
	if err := w.Flush(); err != nil {
		return exported, fmt.Errorf("cannot write: %w", err)
	}
	return exported, nil
}

// exportKeyspace writes the entries of one keyspace.
func exportKeyspace(ctx context.Context, from source, name string, w io.Writer, bar *progress) (exported uint64, err error) {
	ks, err := from.keyspace(ctx, name)
	if err != nil {
		return 0, err
	}
	var line []byte
	for entry, err := range ks.scan(ctx, mantisdb.Range{}, 0) {
		if err != nil {
			return exported, err
		}
		entry.Version = 0 // the next database gives its own
		line = append(wire.AppendEntryOf(line[:0], wire.Base64, name, entry), '\n')
		if _, err := w.Write(line); err != nil {
			return exported, fmt.Errorf("cannot write: %w", err)
		}
		bar.add(len(line))
		exported++
	}
	return exported, nil
}
