package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// local is a data directory that this process has open.
type local struct{ db *mantisdb.DB }

func (l local) Close() error    { return l.db.Close() }
func (l local) newBatch() batch { return &localBatch{db: l.db} }

func (l local) keyspaces(ctx context.Context) ([]wire.Keyspace, error) {
	infos, err := server.NewLocal(l.db).Keyspaces(ctx)
	list := make([]wire.Keyspace, len(infos))
	for i, info := range infos {
		list[i] = wire.KeyspaceOf(info.Name, info.Options)
	}
	return list, err
}

func (l local) createKeyspace(ctx context.Context, name string, o mantisdb.KeyspaceOptions) error {
	err := server.NewLocal(l.db).CreateKeyspace(ctx, name, o)
	if errors.Is(err, mantisdb.ErrKeyspaceExists) {
		return nil
	}
	return err
}

func (l local) keyspace(ctx context.Context, name string) (keyspace, error) {
	store := server.NewLocal(l.db)
	if name == "" {
		return localKeyspace{store}, nil
	}
	ks, err := store.Table(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	return localKeyspace{ks}, nil
}

func (l local) stats(ctx context.Context) ([]byte, error) {
	stats, err := server.NewLocal(l.db).Stats(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(stats)
}

// localKeyspace is a keyspace of a database of this process.
type localKeyspace struct{ server.Table }

func (l localKeyspace) scan(ctx context.Context, r mantisdb.Range, limit uint64) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		count := uint64(0)
		for entry, err := range l.Scan(ctx, r) {
			count++
			if !yield(entry, err) || count == limit {
				return
			}
		}
	}
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
