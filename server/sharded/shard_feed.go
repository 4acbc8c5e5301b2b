package sharded

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// silence is how long a peer may tell nothing in a watch, not even that there is nothing new,
// which it does after 15 seconds.
var silence = 40 * time.Second

// positionOf is where a watch is.
func positionOf(w server.Watch) server.Position { return server.Position(w.AppendPosition(nil)) }

// passEvery is how often a shard that this node leads is asked how far a watch has come that tells
// nothing; others tell it as often as that there is nothing new.
var passEvery = 5 * time.Second

// shardFeed is the changes of one shard, as who leads it tells them.
type shardFeed struct {
	from shardPosition // from where on it tells
	// next is the next change, or wire.ErrPassed, behind which reached tells to where.
	next    func(context.Context) (mantisdb.Change, error)
	reached func() (shardPosition, error)
	close   func()
}

// open begins to watch the shard where a route leads, where it goes on. The feed ends with ctx.
func (s *shardWatch) open(ctx context.Context, route *cluster.Route) (*shardFeed, error) {
	if route.DB != nil {
		return s.openLocal(ctx, NewShard(route))
	}
	return s.openRemote(ctx, route)
}

func (s *shardWatch) openLocal(ctx context.Context, db server.Database) (*shardFeed, error) {
	ks, err := s.in(ctx, db)
	if err != nil {
		return nil, err
	}
	w, err := ks.Watch(ctx, s.r, s.from.text())
	if err != nil {
		return nil, err
	}
	reached := func() (shardPosition, error) { return parseShardPosition(positionOf(w)) }
	from, err := reached()
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	// One context for all changes that come within its time: each of them would take one otherwise.
	waiting, cancel := context.WithTimeout(ctx, passEvery)
	next := func(ctx context.Context) (mantisdb.Change, error) {
		c, err := w.Next(waiting)
		if err != nil && errors.Is(err, waiting.Err()) && ctx.Err() == nil {
			cancel()
			waiting, cancel = context.WithTimeout(ctx, passEvery)
			err = wire.ErrPassed
		}
		return c, err
	}
	end := func() {
		cancel()
		_ = w.Close()
	}
	return &shardFeed{from, next, reached, end}, nil
}

func (s *shardWatch) openRemote(ctx context.Context, route *cluster.Route) (*shardFeed, error) {
	ctx, cancel := context.WithCancel(ctx)
	request := &Request{Method: http.MethodGet, Target: keyspacePath(s.info.Name) + "/watch" + wire.WatchQuery(s.r, string(s.from.text()))}
	resp, err := s.store.Send(ctx, route, s.shard, request)
	if err != nil {
		cancel()
		return nil, err
	}
	watchdog := time.AfterFunc(silence, cancel)
	f := &shardFeed{close: func() {
		watchdog.Stop()
		cancel()
		resp.Body.Close()
	}}
	if resp.StatusCode != http.StatusOK {
		defer f.close()
		return nil, refusal(resp)
	}
	events := wire.NewWatchReader(resp.Body, s.r.KeysOnly, func() { watchdog.Reset(silence) })
	f.next = func(context.Context) (mantisdb.Change, error) {
		watchdog.Reset(silence) // it was not listened to while the client took what had come
		c, err := events.Next()
		watchdog.Stop()
		return c, asUnserved(err)
	}
	f.reached = func() (shardPosition, error) { return parseShardPosition(server.Position(events.Position())) }
	_, err = events.Begin()
	if err == nil {
		f.from, err = f.reached()
	}
	if err != nil {
		f.close()
		return nil, asUnserved(err)
	}
	return f, nil
}

// asUnserved marks an error of a stream after which another attempt may go on.
func asUnserved(err error) error {
	if errors.As(err, new(*wire.BrokenWatch)) ||
		isProblem(err, cluster.ErrNotLeader, "not-leader") || isProblem(err, mantisdb.ErrClosed, "unavailable") {
		return unserved{err}
	}
	return err
}
