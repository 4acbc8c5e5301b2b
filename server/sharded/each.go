package sharded

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// each calls do for the shards of a range of numbers, for all at once, and returns the error
// of one that failed, after all have ended.
func each(ctx context.Context, from, to int, do func(ctx context.Context, shard int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var failed sync.Once
	var failure error
	for shard := from; shard < to; shard++ {
		all.Go(func() {
			if err := do(ctx, shard); err != nil {
				failed.Do(func() { failure = err })
				cancel(err)
			}
		})
	}
	all.Wait()
	return failure
}

// in has a shard do something: by local, if this node leads it, else as the request asks its
// leader to, whose answer is read into answer unless that is nil.
func (s *Store) in(ctx context.Context, shard int, local func(server.Database) error, remote *Request, answer any) error {
	return s.At(ctx, shard, func(route *cluster.Route) error {
		if route.DB != nil {
			return local(server.NewLocal(route.DB))
		}
		return s.ask(ctx, shard, route, remote, answer)
	})
}

// ask is in at another node.
func (s *Store) ask(ctx context.Context, shard int, route *cluster.Route, r *Request, answer any) error {
	resp, err := s.Send(ctx, route, shard, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode/100 != 2:
		return refusal(resp)
	case answer == nil:
		_, err = io.Copy(io.Discard, resp.Body) // so that the connection serves again
	default:
		err = json.NewDecoder(resp.Body).Decode(answer)
	}
	if err != nil {
		return sendError(ctx, r, err)
	}
	return nil
}

// refusal is the error that an answer tells, a *wire.Problem if it comes from a peer's API.
func refusal(resp *http.Response) error {
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "application/problem+json" {
		problem := new(wire.Problem)
		if json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(problem) == nil {
			return problem
		}
	}
	return fmt.Errorf("the peer at %s answered %s", resp.Request.URL.Host, resp.Status)
}
