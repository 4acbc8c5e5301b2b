package main

import (
	"context"
	"io"
	"iter"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// target is where entries go to and come from: a server, or a data directory.
type target interface {
	sink
	source
	// backup writes a backup and returns how many entries it has.
	backup(ctx context.Context, w io.Writer) (uint64, error)
	// stats are the figures of the moment, as a JSON object.
	stats(ctx context.Context) ([]byte, error)
	// checkpoint makes a copy of the data directory and returns where.
	checkpoint(ctx context.Context, name string) (string, error)
	Close() error
}

// sink is where entries go to.
type sink interface {
	newBatch() batch
	// createKeyspace makes a keyspace, unless there is one of that name.
	createKeyspace(ctx context.Context, name string, o mantisdb.KeyspaceOptions) error
}

// source is where entries come from.
type source interface {
	// keyspaces are all keyspaces but the default one, by name.
	keyspaces(ctx context.Context) ([]wire.Keyspace, error)
	// keyspace is the one of a name; that of the default one is empty.
	keyspace(ctx context.Context, name string) (keyspace, error)
}

// keyspace is a part of a target with keys of its own. What it has of server.Table does
// as is told there.
type keyspace interface {
	Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error)
	Put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) error
	PutIfAbsent(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) (stored bool, err error)
	Delete(ctx context.Context, key []byte, o mantisdb.WriteOptions) error
	DeleteRange(ctx context.Context, r mantisdb.Range, o mantisdb.WriteOptions) error
	// scan yields the entries of a range in order, limit of them at most unless that is
	// 0, as of one moment, borrowed until the next step. An error is the last thing it
	// yields.
	scan(ctx context.Context, r mantisdb.Range, limit uint64) iter.Seq2[mantisdb.Entry, error]
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
