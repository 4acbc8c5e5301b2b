package cachenode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/server"
)

// Store is the cache as the HTTP API sees it: a database with one keyspace, of which it has
// what concerns one key, or many keys each by itself.
type Store struct{ cache *distributed.Cache }

var _ server.Database = Store{}

// NewStore is the store that a cache is.
func NewStore(c *distributed.Cache) Store { return Store{c} }

// storeError is an error of the cache as the API tells it.
func storeError(err error) error {
	switch {
	case errors.Is(err, distributed.ErrTooFewNodes), errors.Is(err, distributed.ErrLate):
		return fmt.Errorf("%w: %w", server.ErrUnavailable, err)
	case errors.Is(err, distributed.ErrUnknownOutcome):
		return fmt.Errorf("%w: %w", server.ErrOutcomeUnknown, err)
	}
	return err
}

// Get implements server.Table.
func (s Store) Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error) {
	item, err := s.cache.Get(ctx, key)
	if err != nil {
		return dst, mantisdb.Meta{}, storeError(err)
	}
	return append(dst, item.Value...), mantisdb.Meta{Version: item.Version, ExpiresAt: item.ExpiresAt}, nil
}

// Has implements server.Table.
func (s Store) Has(ctx context.Context, key []byte) (bool, error) {
	_, err := s.cache.Get(ctx, key)
	if errors.Is(err, mantisdb.ErrNotFound) {
		return false, nil
	}
	return err == nil, storeError(err)
}

// MultiGet implements server.Table, but for the one moment: each key is read by itself.
func (s Store) MultiGet(ctx context.Context, out *mantisdb.Values, keys [][]byte) error {
	items, found := make([]distributed.Item, len(keys)), make([]bool, len(keys))
	err := each(len(keys), func(i int) (err error) {
		items[i], err = s.cache.Get(ctx, keys[i])
		found[i] = err == nil
		if errors.Is(err, mantisdb.ErrNotFound) {
			return nil
		}
		return storeError(err)
	})
	out.Reset()
	if err != nil {
		return err
	}
	for i := range keys {
		if found[i] {
			out.AppendFound(items[i].Value)
		} else {
			out.AppendMissing()
		}
	}
	return nil
}

// Put implements server.Table.
func (s Store) Put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) error {
	return s.set(ctx, key, value, o, distributed.Always)
}

// PutIfAbsent implements server.Table.
func (s Store) PutIfAbsent(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) (bool, error) {
	err := s.set(ctx, key, value, o, distributed.IfAbsent)
	if errors.Is(err, distributed.ErrNotStored) {
		return false, nil
	}
	return err == nil, err
}

// set stores a value. How durable it is to be makes no difference.
func (s Store) set(ctx context.Context, key, value []byte, o mantisdb.WriteOptions, c distributed.Condition) error {
	at, err := expiryOf(&o)
	if err != nil {
		return err
	}
	return storeError(s.cache.Set(ctx, key, value, distributed.SetOptions{ExpiresAt: at, Condition: c}))
}

// expiryOf is when a value with such options expires, in Unix milliseconds.
func expiryOf(o *mantisdb.WriteOptions) (int64, error) {
	switch {
	case o.TTL < 0:
		return 0, mantisdb.ErrInvalidTTL
	case o.TTL == 0:
		return 0, nil
	}
	// A part of a millisecond counts as one.
	return time.Now().Add(o.TTL + time.Millisecond - 1).UnixMilli(), nil
}

// Delete implements server.Table.
func (s Store) Delete(ctx context.Context, key []byte, _ mantisdb.WriteOptions) error {
	_, err := s.cache.Delete(ctx, key)
	return storeError(err)
}

// Stats implements server.Store: those of what this node has, with the reads of all clients of
// the node.
func (s Store) Stats(ctx context.Context) (mantisdb.Stats, error) {
	if err := ctx.Err(); err != nil {
		return mantisdb.Stats{}, err
	}
	stats, err := s.cache.Stats()
	if err != nil {
		return mantisdb.Stats{}, err
	}
	all := stats.Engine
	all.Gets, all.GetHits, all.Puts = stats.Hits+stats.Misses, stats.Hits, stats.Writes
	return all, nil
}

// Info implements server.Keyspace.
func (s Store) Info() mantisdb.KeyspaceInfo { return mantisdb.KeyspaceInfo{} }

// Handle implements server.Table: the cache takes part in no batch.
func (s Store) Handle() *mantisdb.Keyspace { return nil }

// Keyspaces implements server.Store: there are no others.
func (s Store) Keyspaces(context.Context) ([]mantisdb.KeyspaceInfo, error) { return nil, nil }

// Named implements server.Store.
func (s Store) Named(_ context.Context, name string) (server.Keyspace, error) {
	return nil, fmt.Errorf("%w: %q, a distributed cache has one", mantisdb.ErrKeyspaceNotFound, name)
}

// Table implements server.Database.
func (s Store) Table(_ context.Context, name string) (server.Table, error) {
	return nil, fmt.Errorf("%w: %q, a distributed cache has one", mantisdb.ErrKeyspaceNotFound, name)
}

// Sync implements server.Store: nothing is ever on disk.
func (s Store) Sync(ctx context.Context) error { return ctx.Err() }

// unsupported is the error of what a cache of several nodes does not do.
func unsupported(what string) error {
	return fmt.Errorf("%w: a distributed cache does not %s", mantisdb.ErrUnsupported, what)
}

// Modify implements server.Table.
func (s Store) Modify(context.Context, []byte, mantisdb.Modification, mantisdb.WriteOptions) ([]byte, mantisdb.Modified, error) {
	return nil, mantisdb.Modified{}, unsupported("change a value by what it was")
}

// DeleteRange implements server.Keyspace.
func (s Store) DeleteRange(context.Context, mantisdb.Range, mantisdb.WriteOptions) error {
	return unsupported("delete ranges")
}

// Scan implements server.Keyspace.
func (s Store) Scan(context.Context, mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) { yield(mantisdb.Entry{}, unsupported("list its keys")) }
}

// Watch implements server.Keyspace.
func (s Store) Watch(context.Context, mantisdb.Range, server.Position) (server.Watch, error) {
	return nil, unsupported("tell of changes")
}

// CreateKeyspace implements server.Store.
func (s Store) CreateKeyspace(context.Context, string, mantisdb.KeyspaceOptions) error {
	return unsupported("have keyspaces")
}

// DropKeyspace implements server.Store.
func (s Store) DropKeyspace(context.Context, string) error { return unsupported("have keyspaces") }

// AppliedIndex implements server.Store.
func (s Store) AppliedIndex(context.Context) ([]byte, error) {
	return nil, unsupported("keep an applied index")
}

// Structure implements server.Store.
func (s Store) Structure(context.Context, int) (mantisdb.Structure, error) {
	return mantisdb.Structure{}, unsupported("tell of its engine")
}

// Backup implements server.Store.
func (s Store) Backup(context.Context, io.Writer) (mantisdb.BackupStats, error) {
	return mantisdb.BackupStats{}, unsupported("make backups")
}

// Checkpoint implements server.Store.
func (s Store) Checkpoint(context.Context, string) (string, error) {
	return "", unsupported("make checkpoints")
}

// Write implements server.Database.
func (s Store) Write(context.Context, *mantisdb.Batch, mantisdb.WriteOptions) error {
	return unsupported("write several keys in one step")
}

// Transact implements server.Database.
func (s Store) Transact(context.Context, []server.Condition, *mantisdb.Batch, mantisdb.WriteOptions) error {
	return unsupported("write several keys in one step")
}
