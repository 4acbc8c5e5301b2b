package sharded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

const (
	// patience is how long a call waits until its shard has a leader that serves it: a
	// few elections.
	patience = 5 * time.Second
	// lookAgain is after what time a route is tried again if there is no other: the
	// connection broke off, say, and the leader is still there.
	lookAgain = 250 * time.Millisecond
)

// unserved is an error of an attempt that certainly did nothing, or of one that may be made
// twice.
type unserved struct{ error }

func (u unserved) Unwrap() error { return u.error }

// mayTryAgain tells whether another attempt may do what this one did not.
func mayTryAgain(err error) bool {
	return errors.As(err, new(unserved)) || errors.Is(err, cluster.ErrNotLeader) || errors.Is(err, mantisdb.ErrClosed)
}

// At has do executed with a route to who leads a shard, and again with another one while it
// did certainly not do what it was to. It is cluster.ErrUnavailable if that goes on for five
// seconds.
func (s *Store) At(ctx context.Context, shard int, do func(*cluster.Route) error) error {
	route := s.member.Route(shard)
	if route.Leader != 0 {
		if err := do(route); !mayTryAgain(err) {
			return err
		}
	}
	return s.atNext(ctx, shard, route, do)
}

// atNext is At behind a route that did not serve.
func (s *Store) atNext(ctx context.Context, shard int, failed *cluster.Route, do func(*cluster.Route) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, cluster.ErrUnavailable)
	defer cancel()
	for {
		route, err := s.next(ctx, shard, failed)
		if err != nil {
			return err
		}
		if err = do(route); !mayTryAgain(err) {
			return err
		}
		failed = route
	}
}

// next is another route than one that did not serve, or after a while the same.
func (s *Store) next(ctx context.Context, shard int, failed *cluster.Route) (*cluster.Route, error) {
	for {
		wait, cancel := context.WithTimeout(ctx, lookAgain)
		route, err := s.member.Next(wait, shard, failed)
		waited := wait.Err() != nil
		cancel()
		switch {
		case err == nil:
			return route, nil
		case context.Cause(ctx) != nil:
			return nil, fmt.Errorf("%w: shard %d", context.Cause(ctx), shard)
		case !waited: // the member has ended
			return nil, err
		}
		if route = s.member.Route(shard); route.Leader != 0 {
			return route, nil
		}
	}
}
