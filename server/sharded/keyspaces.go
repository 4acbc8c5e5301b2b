package sharded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// Each shard has a catalog of keyspaces of its own. A keyspace is there once the first shard
// has it, which is the last one to make it and the first one to drop it: so what the first one
// has, all have, and a creation or a drop that broke off is ended by the same call again.
const firstShard = 0

// Paths of the API.
const (
	apiPath       = "/api/v1"
	keyspacesPath = apiPath + "/keyspaces"
)

// Named implements server.Store.
func (s *Store) Named(ctx context.Context, name string) (server.Keyspace, error) {
	infos, err := s.Keyspaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Name == name {
			return keyspace{store: s, info: info}, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", mantisdb.ErrKeyspaceNotFound, name)
}

// Keyspaces implements server.Store.
func (s *Store) Keyspaces(ctx context.Context) (infos []mantisdb.KeyspaceInfo, err error) {
	var list wire.KeyspaceList
	err = s.in(ctx, firstShard, func(db server.Database) error {
		infos, err = db.Keyspaces(ctx)
		return err
	}, &Request{Method: http.MethodGet, Target: keyspacesPath}, &list)
	if err != nil {
		return nil, err
	}
	for _, ks := range list.Keyspaces {
		info, err := ks.Info()
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// CreateKeyspace implements server.Store. It is mantisdb.ErrKeyspaceExists if no shard had to
// make it, or one has it with other options.
func (s *Store) CreateKeyspace(ctx context.Context, name string, o mantisdb.KeyspaceOptions) error {
	if o.MemoryOnly {
		return fmt.Errorf("%w: a keyspace in memory alone, in a cluster", mantisdb.ErrUnsupported)
	}
	body, err := json.Marshal(wire.KeyspaceOf(name, o))
	if err != nil {
		return err
	}
	request := &Request{Method: http.MethodPost, Target: keyspacesPath, Body: body}
	var made atomic.Bool
	create := func(ctx context.Context, shard int) error {
		err := s.in(ctx, shard, func(db server.Database) error { return db.CreateKeyspace(ctx, name, o) }, request, nil)
		if isProblem(err, mantisdb.ErrKeyspaceExists, "keyspace-exists") {
			return s.checkOptions(ctx, shard, name, o)
		}
		made.Store(made.Load() || err == nil)
		return err
	}
	if err := each(ctx, firstShard+1, s.shards(), create); err != nil {
		return err
	}
	if err := create(ctx, firstShard); err != nil {
		return err
	}
	if !made.Load() {
		return fmt.Errorf("%w: %q", mantisdb.ErrKeyspaceExists, name)
	}
	return nil
}

// EnsureKeyspace has a keyspace be there, which is created without options if it is not.
func (s *Store) EnsureKeyspace(ctx context.Context, name string) error {
	_, err := s.Named(ctx, name)
	if !errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		return err
	}
	if err := s.CreateKeyspace(ctx, name, mantisdb.KeyspaceOptions{}); !errors.Is(err, mantisdb.ErrKeyspaceExists) {
		return err
	}
	return nil
}

// checkOptions returns nil if a shard has a keyspace with certain options.
func (s *Store) checkOptions(ctx context.Context, shard int, name string, want mantisdb.KeyspaceOptions) error {
	var told wire.Keyspace
	err := s.in(ctx, shard, func(db server.Database) error {
		ks, err := db.Named(ctx, name)
		if err == nil {
			told = wire.KeyspaceOf(name, ks.Info().Options)
		}
		return err
	}, &Request{Method: http.MethodGet, Target: keyspacePath(name)}, &told)
	if err == nil && told != wire.KeyspaceOf(name, want) {
		return fmt.Errorf("%w: %q has other options, at least in a part of the shards: drop it first", mantisdb.ErrKeyspaceExists, name)
	}
	return err
}

// DropKeyspace implements server.Store. It is mantisdb.ErrKeyspaceNotFound if no shard had it.
func (s *Store) DropKeyspace(ctx context.Context, name string) error {
	request := &Request{Method: http.MethodDelete, Target: keyspacePath(name)}
	var dropped atomic.Bool
	drop := func(ctx context.Context, shard int) error {
		err := s.in(ctx, shard, func(db server.Database) error { return db.DropKeyspace(ctx, name) }, request, nil)
		if isProblem(err, mantisdb.ErrKeyspaceNotFound, "keyspace-not-found") {
			return nil
		}
		dropped.Store(dropped.Load() || err == nil)
		return err
	}
	if err := drop(ctx, firstShard); err != nil {
		return err
	}
	if err := each(ctx, firstShard+1, s.shards(), drop); err != nil {
		return err
	}
	if !dropped.Load() {
		return fmt.Errorf("%w: %q", mantisdb.ErrKeyspaceNotFound, name)
	}
	return nil
}

// shards is how many shards there are.
func (s *Store) shards() int { return len(s.member.Topology().Shards) }

// isProblem tells whether err is an error of this process, or what a peer tells in its place.
func isProblem(err, local error, kind string) bool {
	var problem *wire.Problem
	return errors.Is(err, local) || errors.As(err, &problem) && strings.HasSuffix(problem.Type, "#"+kind)
}

// keyspacePath is the path of a keyspace, of which the default one has none of its own.
func keyspacePath(name string) string {
	if name == "" {
		return apiPath
	}
	return keyspacesPath + "/" + url.PathEscape(name)
}
