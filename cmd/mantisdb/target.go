package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

const defaultServer = "http://127.0.0.1:8080"

// target is where entries go to and come from: a server, or a data directory.
type target interface {
	sink
	source
	// backup writes a backup and returns how many entries it has.
	backup(ctx context.Context, w io.Writer) (uint64, error)
	// checkpoint makes a copy of the data directory and returns where.
	checkpoint(ctx context.Context, name string) (string, error)
	Close() error
}

// sink is where entries go to.
type sink interface {
	newBatch() batch
	// createKeyspace makes a keyspace, unless there is one of that name.
	createKeyspace(ctx context.Context, name string) error
}

// source is where entries come from.
type source interface {
	// keyspaces are the names of all keyspaces but the default one.
	keyspaces(ctx context.Context) ([]string, error)
	// scan yields every entry of a keyspace in order, as of one moment, borrowed until
	// the next step; the default keyspace has the empty name. An error is the last
	// thing it yields.
	scan(ctx context.Context, keyspace string) iter.Seq2[mantisdb.Entry, error]
}

// batch gathers entries that are written in one go.
type batch interface {
	// add copies an entry that was checked.
	add(rec *wire.Record) error
	len() int
	size() int // bytes, about
	write(ctx context.Context) error
	reset()
}

// targetFlags say which target.
type targetFlags struct {
	server  string
	dataDir string
	engine  enum
}

func (f *targetFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", defaultServer, "URL of a running server")
	flags.StringVar(&f.dataDir, "data-dir", "", "data directory to open instead, while no server has it open, with the --engine that wrote it")
	addEngineFlag(flags, &f.engine)
}

// check finds flags that contradict each other.
func (f *targetFlags) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	switch {
	case flags.Changed("data-dir") && f.dataDir == "":
		return usageError{errors.New("--data-dir is empty: name a directory")}
	case flags.Changed("data-dir") && flags.Changed("server"):
		return usageError{errors.New("--server and --data-dir exclude each other: give one")}
	case flags.Changed("engine") && !flags.Changed("data-dir"):
		return usageError{errors.New("--engine goes with --data-dir alone: a server has chosen its engine")}
	}
	return nil
}

// open opens the target. A data directory that does not exist is made if create
// is set, and else an error.
func (f *targetFlags) open(ctx context.Context, create bool) (target, error) {
	if f.dataDir == "" {
		return openRemote(ctx, f.server)
	}
	if _, err := os.Stat(f.dataDir); !create && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the data directory %s does not exist", f.dataDir)
	}
	db, err := mantisdb.Open(f.dataDir, &mantisdb.Options{Engine: f.engine.value})
	if errors.Is(err, mantisdb.ErrLocked) {
		return nil, fmt.Errorf("%w; if it is a server's, give --server instead of --data-dir", err)
	}
	if err != nil {
		return nil, err
	}
	return local{db}, nil
}

// local is a data directory that this process has open.
type local struct{ db *mantisdb.DB }

func (l local) Close() error    { return l.db.Close() }
func (l local) newBatch() batch { return &localBatch{db: l.db} }

func (l local) keyspaces(context.Context) ([]string, error) {
	infos, err := l.db.Keyspaces()
	names := make([]string, len(infos))
	for i, info := range infos {
		names[i] = info.Name
	}
	return names, err
}

func (l local) createKeyspace(_ context.Context, name string) error {
	_, err := l.db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
	if errors.Is(err, mantisdb.ErrKeyspaceExists) {
		return nil
	}
	return err
}

func (l local) scan(ctx context.Context, keyspace string) iter.Seq2[mantisdb.Entry, error] {
	store := server.NewLocal(l.db)
	if keyspace == "" {
		return store.Scan(ctx, mantisdb.Range{})
	}
	ks, err := store.Named(ctx, keyspace)
	if err != nil {
		return func(yield func(mantisdb.Entry, error) bool) { yield(mantisdb.Entry{}, err) }
	}
	return ks.Scan(ctx, mantisdb.Range{})
}

// localBatch writes to a database of this process.
type localBatch struct {
	db  *mantisdb.DB
	ops mantisdb.Batch
}

func (b *localBatch) add(rec *wire.Record) error {
	if rec.Keyspace == "" {
		return rec.AddPut(b.ops.In(nil))
	}
	ks, err := b.db.Keyspace(rec.Keyspace)
	if err != nil {
		return err
	}
	return rec.AddPut(b.ops.In(ks))
}

func (b *localBatch) len() int  { return b.ops.Len() }
func (b *localBatch) size() int { return b.ops.Size() }
func (b *localBatch) reset()    { b.ops.Reset() }

func (b *localBatch) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.db.Write(&b.ops)
}
