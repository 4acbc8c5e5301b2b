package sharded

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server"
)

var _ server.Store = (*Store)(nil)

// Sync implements server.Store.
func (s *Store) Sync(ctx context.Context) error {
	return each(ctx, 0, s.shards(), func(ctx context.Context, shard int) error {
		return s.in(ctx, shard, func(db server.Database) error { return db.Sync(ctx) }, &Request{Method: http.MethodPost, Target: apiPath + "/sync"}, nil)
	})
}

// Stats implements server.Store, for the shards that this node leads: their sums. So those of
// all nodes add up to those of the cluster.
func (s *Store) Stats(ctx context.Context) (mantisdb.Stats, error) {
	if err := ctx.Err(); err != nil {
		return mantisdb.Stats{}, err
	}
	var all mantisdb.Stats
	for shard := range s.shards() {
		db := s.member.Route(shard).DB
		if db == nil {
			continue
		}
		stats, err := db.Stats()
		if errors.Is(err, mantisdb.ErrClosed) || errors.Is(err, cluster.ErrNotLeader) {
			continue // another node leads it now
		}
		if err != nil {
			return mantisdb.Stats{}, err
		}
		addStats(&all, &stats)
	}
	return all, nil
}

// Structure implements server.Store: each shard has an engine of its own.
func (s *Store) Structure(context.Context, int) (mantisdb.Structure, error) {
	return mantisdb.Structure{}, unsupported("to tell of one engine")
}

// AppliedIndex implements server.Store: each shard has one of its own.
func (s *Store) AppliedIndex(context.Context) ([]byte, error) {
	return nil, unsupported("to tell an applied index")
}

// Checkpoint implements server.Store.
func (s *Store) Checkpoint(context.Context, string) (string, error) {
	return "", unsupported("to make a checkpoint of all shards")
}

// unsupported is the error of what the shards of a cluster cannot do together.
func unsupported(what string) error {
	return fmt.Errorf("%w: %s, in a cluster", mantisdb.ErrUnsupported, what)
}
