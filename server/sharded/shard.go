package sharded

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server"
)

// Shard is a shard that this node leads, as nodes ask each other for it: its watches tell where they are
// by a version, and of what that is one.
type Shard struct {
	server.Local
	history uint64
}

// NewShard is the shard that a route of this node leads to.
func NewShard(route *cluster.Route) Shard {
	return Shard{server.NewLocal(route.DB), route.History}
}

// Watch implements server.Keyspace.
func (s Shard) Watch(ctx context.Context, r mantisdb.Range, after server.Position) (server.Watch, error) {
	return shardTable{s.Local, s.history}.Watch(ctx, r, after)
}

// Named implements server.Store.
func (s Shard) Named(ctx context.Context, name string) (server.Keyspace, error) {
	table, err := s.Table(ctx, name)
	if err != nil {
		return nil, err
	}
	return shardTable{table, s.history}, nil
}

// shardTable is a keyspace of a shard.
type shardTable struct {
	server.Table
	history uint64
}

// Watch implements server.Keyspace. After is the text of a shardPosition.
func (t shardTable) Watch(ctx context.Context, r mantisdb.Range, after server.Position) (server.Watch, error) {
	at, err := parseShardPosition(after)
	if err != nil {
		return nil, err
	}
	origin := origin{t.history, t.Handle().ID()}
	if err := origin.check(at.origin); err != nil {
		return nil, err
	}
	w, err := t.Table.Watch(ctx, r, server.PositionBefore(at.from))
	if err != nil {
		return nil, err
	}
	return shardTableWatch{w, origin}, nil
}

// shardTableWatch is a watch of a keyspace of a shard.
type shardTableWatch struct {
	server.Watch
	origin origin
}

// AppendPosition implements server.Watch.
func (w shardTableWatch) AppendPosition(dst []byte) []byte {
	return w.Watch.AppendPosition(w.origin.append(dst))
}

// origin is of what a version is one: of which group's history, and of which keyspace of a shard, among
// all that there were. The zero value is that it is not known.
type origin struct {
	history  uint64
	keyspace uint32
}

// check returns nil if a version of another origin, as far as that is known, is one of this origin.
func (o origin) check(other origin) error {
	if other != (origin{}) && o != other {
		return fmt.Errorf("%w: the keyspace was made anew, or the position is one of another cluster", mantisdb.ErrHistoryGone)
	}
	return nil
}

// shardPosition is where a watch goes on in a shard: at a version, 0 for what is yet to come. Its text is
//
//	history, hexadecimal - keyspace, decimal - version before, decimal
//
// and the empty one is the zero value.
type shardPosition struct {
	origin
	from uint64
}

// append appends what comes before the version.
func (o origin) append(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, o.history, 16), '-')
	return append(strconv.AppendUint(dst, uint64(o.keyspace), 10), '-')
}

func (p shardPosition) text() server.Position {
	if p == (shardPosition{}) {
		return ""
	}
	return server.Position(p.origin.append(nil)) + server.PositionBefore(p.from)
}

// parseShardPosition reads the text of a position.
func parseShardPosition(text server.Position) (p shardPosition, err error) {
	if text == "" {
		return p, nil
	}
	malformed := fmt.Errorf("%w: %.60q is not where a watch of a shard goes on", mantisdb.ErrInvalidOptions, string(text))
	history, rest, _ := strings.Cut(string(text), "-")
	keyspace, version, found := strings.Cut(rest, "-")
	if !found {
		return p, malformed
	}
	if p.history, err = strconv.ParseUint(history, 16, 64); err != nil {
		return p, malformed
	}
	id, err := strconv.ParseUint(keyspace, 10, 32)
	if err != nil {
		return p, malformed
	}
	p.keyspace = uint32(id)
	p.from, err = server.Position(version).Version()
	return p, err
}
