package servers

import (
	"context"
	"fmt"
	"time"
)

// A cluster that was just started is waited for so long, and then has so long to deal out
// what its nodes lead.
const (
	ledWithin = time.Minute
	dealTime  = 5 * time.Second
)

// onceLed does what do does once the cluster takes reads of many keys, by each of its nodes.
func onceLed(do func(context.Context, *runner) error) func(context.Context, *runner) error {
	return func(ctx context.Context, r *runner) error {
		if err := r.awaitLeaders(ctx); err != nil {
			return err
		}
		time.Sleep(dealTime)
		return do(ctx, r)
	}
}

// awaitLeaders has each node count all keys, which takes a leader of each part of them.
func (r *runner) awaitLeaders(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ledWithin)
	defer cancel()
	for _, server := range r.servers {
		c, err := r.system.dial(server.Addr())
		if err != nil {
			return err
		}
		defer c.Close()
		for {
			if _, err = c.Count(ctx); err == nil {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("the cluster is not ready: %w", err)
			}
			time.Sleep(askEvery)
		}
	}
	return nil
}
