package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/storage"
)

// restoreFlags say where a backup goes.
type restoreFlags struct {
	server, dataDir string
	trust           trustFlags
	engine          enum
	force           bool
}

func newRestoreCommand() *cobra.Command {
	var flags restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE --data-dir=DIR | restore FILE --server=URL",
		Short: "Make a data directory of a backup, or store it in a server; - is standard input",
		Long: "Makes a new data directory of a backup, whichever engine that is of. The directory\n" +
			"must not exist or be empty. It appears whole and on disk, or not at all.\n\n" +
			"With --server, the entries are stored in a running server, or by any node in a\n" +
			"cluster of any size, in batches; keyspaces that it lacks are created. One that has\n" +
			"entries is refused, unless --force says that they are stored beside and in place of\n" +
			"those. The backup is first read to its end, into the directory for temporary files\n" +
			"(TMPDIR), so a damaged one changes nothing. The applied index is not restored, and\n" +
			"what is in keyspaces of memory only neither.",
		Example: "  mantisdb restore monday.backup --data-dir=/var/lib/mantisdb-new\n" +
			"  mantisdb restore monday.backup --server=http://127.0.0.1:8080",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args[0]) },
	}
	cmd.Flags().StringVar(&flags.dataDir, "data-dir", "", "directory to make")
	cmd.Flags().StringVar(&flags.server, "server", "", serverUsage)
	flags.trust.add(cmd.Flags())
	flags.engine = newEnum(storage.DefaultEngine, mantisdb.EngineRust, mantisdb.EngineGo)
	cmd.Flags().Var(&flags.engine, "engine", "storage engine of the data directory")
	cmd.Flags().BoolVar(&flags.force, "force", false, "store beside what the server has, and in place of what has the same key")
	return cmd
}

func (f *restoreFlags) check(cmd *cobra.Command) error {
	switch {
	case f.dataDir == "" && f.server == "":
		return usageError{errors.New("--data-dir is missing: name the directory to make, or a server with --server")}
	case f.dataDir != "" && (f.server != "" || f.trust.isGiven()):
		return usageError{errors.New("--data-dir excludes --server, --tls-ca and --tls-skip-verify")}
	case f.dataDir != "" && f.force:
		return usageError{errors.New("--force goes with --server alone: a data directory is made anew")}
	case f.server != "" && cmd.Flags().Changed("engine"):
		return usageError{errors.New("--engine goes with --data-dir alone: a server has chosen its engine")}
	}
	return nil
}

func (f *restoreFlags) run(cmd *cobra.Command, path string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	in, size, err := openInput(cmd.InOrStdin(), path)
	if err != nil {
		return err
	}
	defer in.Close()
	began := time.Now()
	bar := newProgress(cmd.ErrOrStderr(), "restoring", size)
	restored, err := f.restore(cmd.Context(), io.TeeReader(in, meter{io.Discard, bar}))
	bar.done()
	switch {
	case err != nil && restored > 0 && f.server != "":
		return fmt.Errorf("%w (restored before it: %s; --force does it again, from the beginning)", told(err), entries(restored))
	case err != nil:
		return told(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "restored %s in %v\n", entries(restored), time.Since(began).Round(time.Millisecond))
	return nil
}

// restore returns how many entries there were.
func (f *restoreFlags) restore(ctx context.Context, in io.Reader) (uint64, error) {
	if f.server == "" {
		stats, err := mantisdb.Restore(ctx, f.dataDir, &mantisdb.Options{Engine: f.engine.value}, in)
		return stats.Entries, err
	}
	to, err := openRemote(ctx, f.server, f.trust)
	if err != nil {
		return 0, err
	}
	defer to.Close()
	if !f.force {
		if err := requireEmpty(ctx, to); err != nil {
			return 0, err
		}
	}
	return restoreInto(ctx, to, in)
}

// requireEmpty returns nil if a server has no entry.
func requireEmpty(ctx context.Context, at *remote) error {
	keyspaces, err := at.keyspaces(ctx)
	if err != nil {
		return err
	}
	for _, of := range append(keyspaces, wire.Keyspace{}) {
		ks, err := at.keyspace(ctx, of.Name)
		if err != nil {
			return err
		}
		for _, err := range ks.scan(ctx, mantisdb.Range{}, 1) {
			if err != nil {
				return err
			}
			return fmt.Errorf("the server at %s has entries: --force stores beside them, and in place of those with the same key", at.name)
		}
	}
	return nil
}

// restoreInto stores what a backup has in to, by way of a data directory that is removed
// at the end.
func restoreInto(ctx context.Context, to sink, in io.Reader) (stored uint64, err error) {
	temp, err := os.MkdirTemp("", "mantisdb-restore-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp)
	dir := filepath.Join(temp, "data")
	if _, err := mantisdb.Restore(ctx, dir, nil, in); err != nil {
		return 0, err
	}
	from, err := openDirectory(dir, "", false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return copyAll(ctx, to, from)
}

// copyAll stores all entries of all keyspaces of from in to, and returns how many.
func copyAll(ctx context.Context, to sink, from local) (stored uint64, err error) {
	infos, err := from.db.Keyspaces()
	if err != nil {
		return 0, err
	}
	names := []string{""}
	for _, info := range infos {
		err := to.createKeyspace(ctx, info.Name, info.Options)
		if info.Options.MemoryOnly && isProblem(err, http.StatusNotImplemented, "unsupported") {
			continue // a cluster has none of these, and a backup nothing in them
		}
		if err != nil {
			return 0, err
		}
		names = append(names, info.Name)
	}
	for _, name := range names {
		n, err := copyKeyspace(ctx, to, from, name)
		stored += n
		if err != nil {
			return stored, err
		}
	}
	return stored, nil
}

// copyKeyspace stores the entries of a keyspace in the one of that name.
func copyKeyspace(ctx context.Context, to sink, from local, name string) (stored uint64, err error) {
	ks, err := from.keyspace(ctx, name)
	if err != nil {
		return 0, err
	}
	b := to.newBatch()
	flush := func() error {
		if err := b.write(ctx); err != nil {
			return err
		}
		stored += uint64(b.len())
		b.reset()
		return nil
	}
	for entry, err := range ks.scan(ctx, mantisdb.Range{}, 0) {
		if err == nil {
			err = b.add(&wire.Record{Keyspace: name, Key: entry.Key, Value: entry.Value, ExpiresAt: entry.Meta.ExpiresAt})
		}
		if err == nil && (b.len() >= batchEntries || b.size() >= batchBytes) {
			err = flush()
		}
		if err != nil {
			return stored, err
		}
	}
	if b.len() == 0 {
		return stored, nil
	}
	return stored, flush()
}
