package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
)

func newBackupCommand() *cobra.Command {
	var flags targetFlags
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup of all entries to a file; - is standard output",
		Long: "Writes every entry, as of one moment, to a file that restore reads, with either\n" +
			"engine. The file has checksums, is verified while it is written, and appears\n" +
			"whole and on disk, or not at all.",
		Example: "  mantisdb backup monday.backup\n" +
			"  mantisdb backup - --data-dir=/var/lib/mantisdb | ssh elsewhere 'cat > monday.backup'",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runBackup(cmd, &flags, args[0]) },
	}
	flags.add(cmd)
	return cmd
}

func runBackup(cmd *cobra.Command, flags *targetFlags, path string) error {
	return flags.writeFile(cmd, path, "backing up", "backed up", func(from target, w io.Writer, bar *progress) (uint64, error) {
		return from.backup(cmd.Context(), meter{w, bar})
	})
}

// meter tells a progress bar of what is written.
type meter struct {
	io.Writer
	bar *progress
}

func (m meter) Write(p []byte) (int, error) {
	n, err := m.Writer.Write(p)
	m.bar.add(n)
	return n, err
}

func (l local) backup(ctx context.Context, w io.Writer) (uint64, error) {
	stats, err := l.db.Backup(ctx, w)
	return stats.Entries, err
}

// backup copies what the server sends, and reads it on the way: what was cut off
// or damaged is no backup.
func (r *remote) backup(ctx context.Context, w io.Writer) (uint64, error) {
	resp, err := r.send(ctx, http.MethodGet, apiPath+"/backup", http.Header{}, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	copied := failureKeeper{Writer: w}
	stats, err := mantisdb.VerifyBackup(ctx, io.TeeReader(resp.Body, &copied))
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if copied.failure != nil {
		return 0, fmt.Errorf("cannot write: %w", copied.failure)
	}
	if err != nil {
		return 0, fmt.Errorf("what the server sent is no whole backup: %w", err)
	}
	return stats.Entries, nil
}

// failureKeeper keeps the error of the last write, to tell it from those of what was written.
type failureKeeper struct {
	io.Writer
	failure error
}

func (k *failureKeeper) Write(p []byte) (n int, err error) {
	n, k.failure = k.Writer.Write(p)
	return n, k.failure
}

func newCheckpointCommand() *cobra.Command {
	var flags targetFlags
	cmd := &cobra.Command{
		Use:   "checkpoint NAME | DIR --data-dir=DIR",
		Short: "Make a copy of a data directory, by hard links where possible",
		Long: "Makes a copy of a data directory that can be opened as such. Of a running server,\n" +
			"the copy gets a NAME in the server's --checkpoint-dir, and its path is written to\n" +
			"standard output; with --data-dir, it is the directory DIR, which must not exist or\n" +
			"be empty.",
		Example: "  mantisdb checkpoint monday\n" +
			"  mantisdb checkpoint /var/lib/mantisdb-monday --data-dir=/var/lib/mantisdb",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runCheckpoint(cmd, &flags, args[0]) },
	}
	flags.add(cmd)
	return cmd
}

func runCheckpoint(cmd *cobra.Command, flags *targetFlags, name string) error {
	return flags.use(cmd, false, func(from target) error {
		path, err := from.checkpoint(cmd.Context(), name)
		if err == nil {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), path)
		}
		return err
	})
}

func (l local) checkpoint(_ context.Context, dir string) (string, error) {
	return dir, l.db.Checkpoint(dir)
}

func (r *remote) checkpoint(ctx context.Context, name string) (string, error) {
	var made struct{ Path string }
	if err := r.ask(ctx, http.MethodPost, apiPath+"/checkpoint?name="+url.QueryEscape(name), &made); err != nil {
		return "", err
	}
	return made.Path, nil
}
