package servers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// Salts keep the phases from drawing the same keys in the same order.
const (
	saltLoad = iota + 1
	saltSet
	saltGet
)

// caller is a client with what one goroutine needs to call it.
type caller struct {
	client
	number uint64
	random work.Random
	key    [work.KeyLen]byte
	value  []byte
}

// single has each of the clients send an operation, wait for its answer, and send the next:
// all keys once, then sets and gets of keys at random.
func single(ctx context.Context, r *runner) error {
	callers, err := r.dial()
	defer func() {
		for _, c := range callers {
			c.Close()
		}
	}()
	if err != nil {
		return err
	}
	if err := r.loadSingly(ctx, callers); err != nil {
		return err
	}
	for _, phase := range []struct {
		workload string
		salt     uint64
		do       func(context.Context, *caller, uint64) error
	}{{"set", saltSet, r.set}, {"get", saltGet, r.get}} {
		for _, c := range callers {
			c.random = work.NewRandom(r.Seed^phase.salt, c.number)
		}
		limit := time.Duration(r.Seconds * float64(time.Second))
		err := r.phase(phase.workload, func(record *measure.Record) error {
			end := time.Now().Add(limit)
			return each(callers, record, func(c *caller, _ int) (bool, error) {
				return time.Now().Before(end), phase.do(ctx, c, c.random.Below(r.Keys))
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dial connects all clients. It returns those that are connected also with an error.
func (r *runner) dial() (callers []*caller, err error) {
	for n := range r.Clients {
		c, err := r.system.dial(r.servers[n%len(r.servers)].Addr())
		if err != nil {
			return callers, err
		}
		callers = append(callers, &caller{client: c, number: uint64(n), value: make([]byte, r.ValueBytes)})
	}
	return callers, nil
}

// loadSingly has the clients share the keys out, in random order.
func (r *runner) loadSingly(ctx context.Context, callers []*caller) error {
	order := work.NewPermutation(r.Keys, r.Seed^saltLoad)
	err := r.phase("load", func(record *measure.Record) error {
		return each(callers, record, func(c *caller, i int) (bool, error) {
			at := c.number + uint64(i)*uint64(len(callers))
			if at >= r.Keys {
				return false, nil
			}
			return true, r.set(ctx, c, order.At(at))
		})
	})
	if err != nil {
		return err
	}
	if count, err := callers[0].Count(ctx); err != nil || count != r.Keys {
		return errors.Join(err, fmt.Errorf("%d of %d keys are there", count, r.Keys))
	}
	return r.loaded()
}

func (r *runner) set(ctx context.Context, c *caller, id uint64) error {
	work.Value(c.value, id, c.random.Next())
	return c.Set(ctx, string(work.Key(&c.key, id)), c.value)
}

func (r *runner) get(ctx context.Context, c *caller, id uint64) error {
	value, err := c.Get(ctx, string(work.Key(&c.key, id)))
	if err == nil && !work.CheckValue(value, id, r.ValueBytes) {
		err = errors.New("the value is another's")
	}
	if err != nil {
		return fmt.Errorf("get %s: %w", c.key, err)
	}
	return nil
}

// each has the callers, all at once, do step i, counted from 0, until it tells that there
// is no other, and sets the record's operations and latencies.
func each(callers []*caller, record *measure.Record, step func(c *caller, i int) (more bool, err error)) error {
	var (
		group sync.WaitGroup
		errs  = make([]error, len(callers))
		taken = make([]*measure.Latencies, len(callers))
	)
	for n, c := range callers {
		taken[n] = measure.NewLatencies()
		group.Go(func() {
			begin := measure.Now()
			for i := 0; ; i++ {
				more, err := step(c, i)
				if !more || err != nil {
					errs[n] = err
					return
				}
				end := measure.Now()
				taken[n].Add(end - begin)
				begin = end
			}
		})
	}
	group.Wait()
	for _, other := range taken[1:] {
		taken[0].Merge(other)
	}
	record.Ops = taken[0].Count()
	taken[0].Fill(record)
	return errors.Join(errs...)
}
