package sharded

import (
	"context"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// keyspace is one in all shards.
type keyspace struct {
	store *Store
	info  mantisdb.KeyspaceInfo
	stale *stale // nil: scans read the newest
}

// Info implements server.Keyspace.
func (k keyspace) Info() mantisdb.KeyspaceInfo { return k.info }

// in is the keyspace in one shard.
func (k keyspace) in(ctx context.Context, db server.Database) (server.Keyspace, error) {
	if k.info.Name == "" {
		return db, nil
	}
	return db.Named(ctx, k.info.Name)
}

// DeleteRange implements server.Keyspace.
func (k keyspace) DeleteRange(ctx context.Context, r mantisdb.Range, o mantisdb.WriteOptions) error {
	request := &Request{Method: http.MethodDelete, Target: keyspacePath(k.info.Name) + "/range" + wire.DeletionQuery(r, o)}
	remove := func(ctx context.Context, shard int) error {
		return k.store.in(ctx, shard, func(db server.Database) error {
			ks, err := k.in(ctx, db)
			if err != nil {
				return err
			}
			return ks.DeleteRange(ctx, r, o)
		}, request, nil)
	}
	if shard, ok := shardOfRange(k.store.member.Topology(), r); ok {
		return remove(ctx, shard)
	}
	return each(ctx, 0, k.store.shards(), remove)
}
