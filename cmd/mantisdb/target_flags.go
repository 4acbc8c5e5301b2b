package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/storage"
)

// targetFlags say which target.
type targetFlags struct {
	server  string
	trust   trustFlags
	dataDir string
	engine  enum
}

func (f *targetFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", defaultServer, serverUsage)
	f.trust.add(flags)
	flags.StringVar(&f.dataDir, "data-dir", "", "data directory to open instead, while no server has it open")
	f.engine = newEnum("", mantisdb.EngineRust, mantisdb.EngineGo)
	flags.Var(&f.engine, "engine", "storage engine of the data directory; by itself, that which made it")
}

// check finds flags that contradict each other.
func (f *targetFlags) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	switch {
	case flags.Changed("data-dir") && f.dataDir == "":
		return usageError{errors.New("--data-dir is empty: name a directory")}
	case flags.Changed("data-dir") && flags.Changed("server"):
		return usageError{errors.New("--server and --data-dir exclude each other: give one")}
	case flags.Changed("data-dir") && f.trust.isGiven():
		return usageError{errors.New("--tls-ca and --tls-skip-verify go with --server alone")}
	case flags.Changed("engine") && !flags.Changed("data-dir"):
		return usageError{errors.New("--engine goes with --data-dir alone: a server has chosen its engine")}
	}
	return nil
}

// name is what a person knows the target by.
func (f *targetFlags) name() string {
	if f.dataDir != "" {
		return f.dataDir
	}
	return withoutPassword(f.server)
}

// open opens the target. A data directory that does not exist is made if create
// is set, and else an error.
func (f *targetFlags) open(ctx context.Context, create bool) (target, error) {
	if f.dataDir == "" {
		return openRemote(ctx, f.server, f.trust)
	}
	db, err := openDirectory(f.dataDir, f.engine.value, create)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// openDirectory opens a data directory, by the engine that made it if none is named.
func openDirectory(dir, engine string, create bool) (local, error) {
	// What is no data directory would become one.
	made, err := storage.DirectoryEngine(dir)
	switch {
	case !create && errors.Is(err, fs.ErrNotExist):
		return local{}, fmt.Errorf("the data directory %s does not exist", dir)
	case !create && err != nil:
		return local{}, err
	case engine == "":
		engine = made
	}
	db, err := mantisdb.Open(dir, &mantisdb.Options{Engine: engine})
	if errors.Is(err, mantisdb.ErrLocked) {
		return local{}, fmt.Errorf("%w; if it is a server's, give --server instead of --data-dir", err)
	}
	if err != nil {
		return local{}, err
	}
	return local{db}, nil
}

// use opens the target that the flags of a command say, has it used, and closes it.
func (f *targetFlags) use(cmd *cobra.Command, create bool, do func(target) error) (err error) {
	if err := f.check(cmd); err != nil {
		return err
	}
	to, err := f.open(cmd.Context(), create)
	if err != nil {
		return told(err)
	}
	defer func() {
		if closed := to.Close(); closed != nil {
			err = errors.Join(withoutReaderGone(err), closed)
		}
	}()
	return told(do(to))
}

// keyspaceFlags say which keyspace of which target.
type keyspaceFlags struct {
	targetFlags
	keyspace string
}

func (f *keyspaceFlags) add(cmd *cobra.Command) {
	f.targetFlags.add(cmd)
	cmd.Flags().StringVar(&f.keyspace, "keyspace", "", "keyspace, which must exist; by itself, the default one")
}

// use opens the target, has the keyspace used, and closes the target.
func (f *keyspaceFlags) use(cmd *cobra.Command, create bool, do func(keyspace) error) error {
	if cmd.Flags().Changed("keyspace") && f.keyspace == "" {
		return usageError{errors.New("--keyspace is empty: name one, or leave it out for the default one")}
	}
	return f.targetFlags.use(cmd, create, func(to target) error {
		ks, err := to.keyspace(cmd.Context(), f.keyspace)
		if err != nil {
			return err
		}
		return do(ks)
	})
}
