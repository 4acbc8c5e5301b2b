package sharded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// What is kept of a watch's changes that came and were not asked for yet: so many, and so many bytes
// of them. While there is more, the leaders wait, and keep what they keep for any watch.
const (
	keptChanges = 256
	keptBytes   = 1 << 20
)

// lookForMove is how often a watch looks whether a shard that it watches is led elsewhere. A leader
// that knows it ends its part at once.
const lookForMove = time.Second

// Watch implements server.Keyspace: the changes of all shards together that may have keys of the
// range. Those of a shard are told by who leads it; when that changes, the next one goes on behind the
// last of them, whose version is the same there.
func (k keyspace) Watch(ctx context.Context, r mantisdb.Range, after server.Position) (server.Watch, error) {
	at, err := parsePosition(after, k.store.shards())
	if err != nil {
		return nil, err
	}
	from, to := 0, k.store.shards()
	if shard, ok := shardOfRange(k.store.member.Topology(), r); ok {
		from, to = shard, shard+1
	}
	for shard := range at.from {
		if watched := shard >= from && shard < to; after != "" && watched != (at.from[shard] != 0) {
			return nil, fmt.Errorf("%w: %.40q is the id of an event of another range", mantisdb.ErrInvalidOptions, string(after))
		}
	}
	w := &watch{keyspace: k, r: r, at: at, changes: make(chan change, keptChanges), room: semaphore.NewWeighted(keptBytes)}
	w.ctx, w.end = context.WithCancelCause(context.Background())
	origin, err := w.begin(ctx, from, to)
	if err == nil && after != "" && origin != at.origin {
		err = fmt.Errorf("%w: the keyspace was made anew, or the position is one of another cluster", mantisdb.ErrHistoryGone)
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	w.at.origin = origin
	return w, nil
}

// watch merges the changes of shards as they come.
type watch struct {
	keyspace
	r  mantisdb.Range
	at *position // of what comes behind that which Next has returned

	ctx     context.Context // until Close, or until a shard cannot be watched any more
	end     context.CancelCauseFunc
	reading sync.WaitGroup // a goroutine for each shard
	changes chan change
	room    *semaphore.Weighted // bytes of keptBytes
	lent    int64               // those of the change that Next returned last
}

// change is one of a shard, with its bytes; without a kind it tells only that none is up to its version.
type change struct {
	mantisdb.Change
	shard int
	bytes int64 // of the room that it takes
}

// begin begins to watch shards, all at once, and returns when all are watched: of what their versions
// are.
func (w *watch) begin(ctx context.Context, from, to int) (of uint64, failure error) {
	defer context.AfterFunc(ctx, func() { w.end(context.Cause(ctx)) })()
	begun := make(chan beginning)
	for shard := from; shard < to; shard++ {
		s := &shardWatch{watch: w, shard: shard, from: shardPosition{from: w.at.from[shard]}}
		w.reading.Go(func() { w.end(s.run(begun)) })
	}
	origins := make([]origin, to-from)
	for range to - from {
		b := <-begun
		if b.err != nil && failure == nil {
			failure = b.err
			w.end(b.err)
		}
		w.at.from[b.shard], origins[b.shard-from] = b.from.from, b.from.origin
	}
	return originOf(origins), failure
}

// AppendPosition implements server.Watch.
func (w *watch) AppendPosition(dst []byte) []byte { return w.at.append(dst) }

// Next implements server.Watch.
func (w *watch) Next(ctx context.Context) (mantisdb.Change, error) {
	for {
		c, err := w.take(ctx)
		if err != nil || c.Kind != 0 {
			return c, err
		}
	}
}

// take takes what has come, or waits for it.
func (w *watch) take(ctx context.Context) (mantisdb.Change, error) {
	w.room.Release(w.lent)
	w.lent = 0
	select {
	case c := <-w.changes:
		return w.lend(c), nil
	default:
	}
	select {
	case c := <-w.changes:
		return w.lend(c), nil
	case <-w.ctx.Done():
		return mantisdb.Change{}, context.Cause(w.ctx)
	case <-ctx.Done():
		return mantisdb.Change{}, ctx.Err()
	}
}

func (w *watch) lend(c change) mantisdb.Change {
	w.lent = c.bytes
	w.at.from[c.shard] = c.Version + 1
	return c.Change
}

// Close implements server.Watch.
func (w *watch) Close() error {
	w.end(mantisdb.ErrClosed)
	w.reading.Wait()
	return nil
}

// tell hands a change on, whose bytes are borrowed, and waits while too much is kept.
func (w *watch) tell(shard int, c mantisdb.Change) error {
	size := min(int64(len(c.Key)+len(c.Value)+len(c.End)), keptBytes)
	if err := w.room.Acquire(w.ctx, size); err != nil {
		return context.Cause(w.ctx)
	}
	c.Key, c.Value, c.End = bytes.Clone(c.Key), bytes.Clone(c.Value), bytes.Clone(c.End)
	select {
	case w.changes <- change{c, shard, size}:
		return nil
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
}

// shardWatch is the watch of one shard.
type shardWatch struct {
	*watch
	shard int
	from  shardPosition // where it goes on
}

// beginning is from where on a shard is watched, or why it is not.
type beginning struct {
	shard int
	from  shardPosition
	err   error
}

// run watches the shard until the watch ends or the shard's changes cannot be told on, and returns
// why. It tells begun once, nil or why it did not begin.
func (s *shardWatch) run(begun chan<- beginning) (why error) {
	tellBegun := sync.OnceFunc(func() { begun <- beginning{s.shard, s.from, why} })
	defer tellBegun()
	for {
		err := s.store.At(s.ctx, s.shard, func(route *cluster.Route) error {
			return s.at(route, tellBegun)
		})
		if !errors.As(err, new(brokenOff)) {
			return err
		}
		select {
		case <-time.After(lookAgain):
		case <-s.ctx.Done():
		}
	}
}

// at watches the shard where a route leads, for as long as it does. Once it was watched, an error
// after which another attempt may go on is a brokenOff.
func (s *shardWatch) at(route *cluster.Route, begun func()) error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	feed, err := s.open(ctx, route)
	if err != nil {
		return err
	}
	defer feed.close()
	s.from = feed.from
	begun()
	go s.endOnceMoved(ctx, route, cancel)
	for {
		c, err := feed.next(ctx)
		switch {
		case err == nil:
			if err := s.tell(s.shard, c); err != nil {
				return err
			}
			s.from.from = c.Version + 1
		case errors.Is(err, wire.ErrPassed):
			if err := s.pass(feed); err != nil {
				return err
			}
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		case ctx.Err() != nil:
			return brokenOff{context.Cause(ctx)}
		case mayTryAgain(err):
			return brokenOff{err}
		default:
			return err
		}
	}
}

// pass goes on where a feed has come to, which tells nothing of what is before.
func (s *shardWatch) pass(feed *shardFeed) error {
	reached, err := feed.reached()
	if err != nil {
		return err
	}
	if reached.from > s.from.from {
		s.from.from = reached.from
		return s.tell(s.shard, mantisdb.Change{Version: reached.from - 1})
	}
	return nil
}

// endOnceMoved ends a feed once another route leads to the shard: who leads no more may not know it,
// and may not tell.
func (s *shardWatch) endOnceMoved(ctx context.Context, route *cluster.Route, end context.CancelCauseFunc) {
	look := time.NewTicker(lookForMove)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		if now := s.store.member.Route(s.shard); now.Leader != 0 && now.Term != route.Term {
			end(cluster.ErrNotLeader)
			return
		}
	}
}
