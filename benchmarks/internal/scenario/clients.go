package scenario

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// A step does operation i of one client and returns how many it counts as, at
// least 1. It may use the client's buffers.
type step func(c *client, i int64) (ops int64, err error)

// client is what one goroutine works with. A run makes its clients once, so that
// its phases leave nothing for Go's collector.
type client struct {
	random work.Random
	key    [work.KeyLen]byte
	value  []byte // of the length of a value
	read   []byte // what was read last
	batch  batch
	scan   *scan
	taken  *measure.Latencies
	ops    int64
}

// load is how a step is repeated.
type load struct {
	threads int
	steps   int64         // of each client; 0 is without end
	limit   time.Duration // 0 is without end
	// perSecond spreads the steps evenly; 0 is as fast as they go.
	perSecond int
	salt      uint64 // draws other keys than another phase
}

// outcome is what the clients of a load did.
type outcome struct {
	ops     int64
	taken   *measure.Latencies // of the steps
	seconds float64            // from the first's start to the last's end
}

// prepare makes the clients of a load ready, those of the run before all others.
func (r *runner) prepare(l load) []*client {
	for len(r.clients) < l.threads {
		r.clients = append(r.clients, &client{
			value: make([]byte, r.ValueBytes),
			read:  make([]byte, 0, r.ValueBytes),
			scan:  newScan(r),
			taken: measure.NewLatencies(),
		})
	}
	clients := r.clients[:l.threads]
	for i, c := range clients {
		c.random = work.NewRandom(r.Seed^l.salt, uint64(i))
		c.taken.Reset()
		c.ops = 0
	}
	if store, ok := r.store.(engine.Crowded); ok {
		store.Expect(l.threads)
	}
	return clients
}

// run has the clients do the step until the load is over. The first error ends it.
func (r *runner) run(l load, do step) (outcome, error) {
	clients := r.prepare(l)
	var (
		failed atomic.Bool
		errs   = make([]error, l.threads)
		group  sync.WaitGroup
	)
	start := measure.Now()
	for i, c := range clients {
		group.Go(func() {
			if errs[i] = c.repeat(l, start, do, &failed); errs[i] != nil {
				failed.Store(true)
			}
		})
	}
	group.Wait()
	all := outcome{ops: clients[0].ops, taken: clients[0].taken, seconds: float64(measure.Now()-start) / 1e9}
	for _, c := range clients[1:] {
		all.ops += c.ops
		all.taken.Merge(c.taken)
	}
	return all, errors.Join(errs...)
}

func (c *client) repeat(l load, start int64, do step, failed *atomic.Bool) error {
	pace := newPace(l, start)
	begin := measure.Now()
	for i := int64(0); l.steps == 0 || i < l.steps; i++ {
		if l.perSecond != 0 {
			begin = pace.wait(i)
		}
		ops, err := do(c, i)
		if err != nil {
			return err
		}
		c.ops += ops
		end := measure.Now()
		c.taken.Add(end - begin)
		begin = end
		if l.limit != 0 && end-start >= int64(l.limit) || failed.Load() {
			return nil
		}
	}
	return nil
}
