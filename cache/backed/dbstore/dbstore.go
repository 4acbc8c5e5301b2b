// Package dbstore has a MantisDB database be the store behind a cache, see package backed.
package dbstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cache/backed"
	"github.com/mantisdb/mantisdb/internal/clock"
)

// Store is a keyspace of a database as a backed.Store, backed.BulkWriter and
// backed.Preparer. Its calls are as durable as the database's own, and since they do not
// wait for others, they look at their context only before they begin.
type Store struct {
	db *mantisdb.DB
	ks *mantisdb.Keyspace
}

var (
	_ backed.Store      = (*Store)(nil)
	_ backed.BulkWriter = (*Store)(nil)
	_ backed.Preparer   = (*Store)(nil)
)

// New is the store of a keyspace of db; nil is the default one.
func New(db *mantisdb.DB, ks *mantisdb.Keyspace) *Store {
	if ks == nil {
		ks = db.DefaultKeyspace()
	}
	return &Store{db, ks}
}

// Load implements backed.Store.
func (s *Store) Load(ctx context.Context, key []byte) (backed.Entry, error) {
	if err := ctx.Err(); err != nil {
		return backed.Entry{}, err
	}
	value, meta, err := s.ks.AppendGetMeta(nil, key)
	if errors.Is(err, mantisdb.ErrNotFound) {
		return backed.Entry{}, backed.ErrNotFound
	}
	return backed.Entry{Value: value, ExpiresAt: meta.ExpiresAt}, err
}

// Store implements backed.Store.
func (s *Store) Store(ctx context.Context, key []byte, e backed.Entry) error {
	return s.WriteMany(ctx, []backed.Write{{Key: key, Entry: e}})
}

// Delete implements backed.Store.
func (s *Store) Delete(ctx context.Context, key []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.ks.Delete(key)
}

// WriteMany implements backed.BulkWriter: by one batch, which is applied whole or not at
// all.
func (s *Store) WriteMany(ctx context.Context, writes []backed.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var batch mantisdb.Batch
	in := batch.In(s.ks)
	for i := range writes {
		if err := add(in, &writes[i]); err != nil {
			return err
		}
	}
	return s.db.Write(&batch)
}

func add(batch mantisdb.KeyspaceBatch, w *backed.Write) error {
	switch {
	case w.Deleted:
		return batch.Delete(w.Key)
	case w.Entry.ExpiresAt == 0:
		return batch.Put(w.Key, w.Entry.Value)
	default:
		return batch.PutExpiresAt(w.Key, w.Entry.Value, w.Entry.ExpiresAt)
	}
}

// Prepare implements backed.Preparer. In a keyspace with a TTL it gives one to entries that
// have none.
func (s *Store) Prepare(w *backed.Write) error {
	if err := mantisdb.CheckKey(w.Key); err != nil {
		return err
	}
	if len(w.Entry.Value) > mantisdb.MaxValueLen {
		return fmt.Errorf("%w: %d bytes", mantisdb.ErrValueTooLarge, len(w.Entry.Value))
	}
	if ttl := s.ks.Options().TTL; ttl > 0 && w.Entry.ExpiresAt == 0 && !w.Deleted {
		w.Entry.ExpiresAt = clock.Now() + int64((ttl+time.Millisecond-1)/time.Millisecond)
	}
	return nil
}
