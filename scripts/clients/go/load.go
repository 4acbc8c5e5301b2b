package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// load is what applications do to a cluster while its shards are moved, their leaders changed and
// its nodes restarted. No command may fail as the client tells it, and nothing that was
// acknowledged may be gone.
type load struct {
	*redis.ClusterClient
	rounds, aborted, repeated atomic.Int64
}

// users are how many there are at once.
const users = 8

func newLoad() *load { return &load{ClusterClient: redis.NewClusterClient(clusterOptions(3))} }

// String tells how much was done.
func (l *load) String() string {
	return fmt.Sprintf("%d rounds, %d transactions begun again, %d commands repeated by the client", l.rounds.Load(), l.aborted.Load(), l.repeated.Load())
}

// run goes on until the input ends, or something fails.
func (l *load) run(until io.Reader) error {
	defer l.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		_, err := io.Copy(io.Discard, until)
		cancel(err) // context.Canceled at the end
	}()
	var working sync.WaitGroup
	failed := make([]error, users)
	for i := range failed {
		working.Go(func() {
			u := &user{load: l, name: fmt.Sprint("go-redis:", i)}
			for failed[i] == nil && ctx.Err() == nil {
				if failed[i] = u.round(context.Background()); failed[i] != nil {
					cancel(failed[i])
				}
			}
		})
	}
	working.Wait()
	sum, err := l.Get(context.Background(), "{shared}sum").Int64()
	if want := l.rounds.Load(); err == nil && sum < want {
		err = fmt.Errorf("the shared sum is %d, and %d were added", sum, want)
	}
	return errors.Join(append(failed, err)...)
}

// user does one thing after the other, with keys of its own.
type user struct {
	*load
	name  string
	n     int
	count int64
}

func (u *user) round(ctx context.Context) error {
	u.n++
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"write and read", u.writeAndRead}, {"count", u.increment}, {"pipeline", u.pipeline},
		{"transaction", u.transaction}, {"watch", u.watch},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s, round %d: %s: %w", u.name, u.n, step.name, err)
		}
	}
	u.rounds.Add(1)
	return nil
}

func (u *user) key(i int) string { return fmt.Sprintf("%s:%d", u.name, i) }

func (u *user) writeAndRead(ctx context.Context) error {
	key := u.key(u.n % 100)
	if err := u.Set(ctx, key, u.n, 0).Err(); err != nil {
		return err
	}
	return is(u.Get(ctx, key), fmt.Sprint(u.n))
}

func (u *user) increment(ctx context.Context) error {
	got, err := u.Incr(ctx, u.name+":count").Result()
	if err == nil && got <= u.count {
		err = fmt.Errorf("the counter is %d after %d", got, u.count)
	}
	u.repeated.Add(got - u.count - 1)
	u.count = got
	return err
}

// pipeline writes keys, and then reads them: in one pipeline a client may send commands for one key
// to two nodes, if it learns of another leader between them.
func (u *user) pipeline(ctx context.Context) error {
	const keys = 20
	_, err := u.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range keys {
			p.Set(ctx, u.key(100+i), u.n, 0)
		}
		return nil
	})
	if err != nil {
		return err
	}
	replies, err := u.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range keys {
			p.Get(ctx, u.key(100+i))
		}
		return nil
	})
	for _, reply := range replies {
		err = errors.Join(err, is(reply.(*redis.StringCmd), fmt.Sprint(u.n)))
	}
	return err
}

func (u *user) transaction(ctx context.Context) error {
	a, b := fmt.Sprintf("{%s}a", u.key(u.n%10)), fmt.Sprintf("{%s}b", u.key(u.n%10))
	_, err := u.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, a, u.n, 0)
		p.Set(ctx, b, u.n, 0)
		return nil
	})
	if err != nil {
		return err
	}
	return is(u.MGet(ctx, a, b), []any{fmt.Sprint(u.n), fmt.Sprint(u.n)})
}

// watch adds one to what all users share. The client leaves it to who watches to begin again: if the
// transaction was aborted, but also if a command between WATCH and EXEC was sent elsewhere, or its
// node has ended. It even returns no error if it was sent elsewhere too often, so what counts is
// whether the transaction was done.
func (u *user) watch(ctx context.Context) error {
	for done := false; !done; {
		err := u.Watch(ctx, func(tx *redis.Tx) error {
			sum, err := tx.Get(ctx, "{shared}sum").Int64()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, "{shared}sum", sum+1, 0).Err() })
			done = err == nil
			return err
		}, "{shared}sum")
		if err != nil && !isToBeginAgain(err) {
			return err
		}
		if !done {
			u.aborted.Add(1)
		}
	}
	return nil
}

// isToBeginAgain tells whether an error says that a transaction was certainly not done.
func isToBeginAgain(err error) bool {
	var network *net.OpError
	_, moved := redis.IsMovedError(err)
	return errors.Is(err, redis.TxFailedErr) || moved || redis.IsClusterDownError(err) || errors.As(err, &network) && network.Op == "dial"
}
