package scenario

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// A step does operation i of one client. It may use the client's buffers.
type step func(c *client, i int64) error

// client is what one goroutine works with.
type client struct {
	random work.Random
	key    [work.KeyLen]byte
	value  []byte // of the length of a value
	read   []byte // what was read last
	taken  *measure.Latencies
}

// load is how a step is repeated.
type load struct {
	threads int
	ops     int64         // of each client; 0 is without end
	limit   time.Duration // 0 is without end
	// perSecond spreads the operations evenly; 0 is as fast as they go.
	perSecond int
	salt      uint64 // draws other keys than another phase
}

// run has the clients do the step until the load is over, and returns their
// latencies and the seconds from the first's start to the last's end. The first
// error ends it.
func (r *runner) run(l load, do step) (*measure.Latencies, float64, error) {
	clients := make([]*client, l.threads)
	for i := range clients {
		clients[i] = &client{
			random: work.NewRandom(r.Seed^l.salt, uint64(i)),
			value:  make([]byte, r.ValueBytes),
			taken:  measure.NewLatencies(),
		}
	}
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
	seconds := float64(measure.Now()-start) / 1e9
	all := clients[0].taken
	for _, c := range clients[1:] {
		all.Merge(c.taken)
	}
	return all, seconds, errors.Join(errs...)
}

func (c *client) repeat(l load, start int64, do step, failed *atomic.Bool) error {
	pace := newPace(l, start)
	begin := measure.Now()
	for i := int64(0); l.ops == 0 || i < l.ops; i++ {
		if l.perSecond != 0 {
			begin = pace.wait(i)
		}
		if err := do(c, i); err != nil {
			return err
		}
		end := measure.Now()
		c.taken.Add(end - begin)
		begin = end
		if l.limit != 0 && end-start >= int64(l.limit) || failed.Load() {
			return nil
		}
	}
	return nil
}
