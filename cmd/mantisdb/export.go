package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb/internal/wire"
)

func newExportCommand() *cobra.Command {
	var flags targetFlags
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write all entries to an NDJSON file; - is standard output",
		Long: "Writes every entry, as of one moment and in the order of keys, one JSON object a\n" +
			"line:\n\n" +
			`  {"key":"<base64>","value":"<base64>","expires_at":<Unix ms>}` + "\n\n" +
			"expires_at is left out of entries that never expire. The file appears whole and\n" +
			"on disk, or not at all. What import reads from it is the same to the last byte.",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runExport(cmd, &flags, args[0]) },
	}
	flags.add(cmd)
	return cmd
}

func runExport(cmd *cobra.Command, flags *targetFlags, path string) (err error) {
	if err := flags.check(cmd); err != nil {
		return err
	}
	target, err := flags.open(cmd.Context(), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	out, err := createOutput(cmd.OutOrStdout(), path)
	if err != nil {
		return err
	}
	defer out.discard()

	began := time.Now()
	bar := newProgress(cmd.ErrOrStderr(), "exporting", -1)
	exported, err := exportLines(cmd.Context(), target, out, bar)
	bar.done()
	if err != nil {
		return told(err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "exported %s in %v\n", entries(exported), time.Since(began).Round(time.Millisecond))
	return nil
}

// exportLines writes the entries of from to out and returns how many there were.
func exportLines(ctx context.Context, from source, out io.Writer, bar *progress) (exported uint64, err error) {
	w := bufio.NewWriterSize(out, 256<<10)
	var line []byte
	for entry, err := range from.scan(ctx) {
		if err != nil {
			return exported, err
		}
		entry.Version = 0 // the next database gives its own
		line = append(wire.AppendEntry(line[:0], wire.Base64, entry), '\n')
		if _, err := w.Write(line); err != nil {
			return exported, fmt.Errorf("cannot write: %w", err)
		}
		bar.add(len(line))
		exported++
	}
	if err := w.Flush(); err != nil {
		return exported, fmt.Errorf("cannot write: %w", err)
	}
	return exported, nil
}
