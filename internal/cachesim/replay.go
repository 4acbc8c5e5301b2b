package cachesim

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/storage"
)

// Policies are the names of the policies that a trace can be replayed against. The
// error is storage.ErrEngineNotBuilt in a build without the Rust core.
func Policies() ([]string, error) { return storage.CachePolicies() }

// Plan is what to replay a trace against.
type Plan struct {
	Policies   []string
	Capacities []uint64 // sizes of caches, in the trace's unit
	Done       func()   // called for each cell that is done, by several goroutines; or nil
}

// Cells is the number of replays: one for each policy with each capacity.
func (p *Plan) Cells() int { return len(p.Policies) * len(p.Capacities) }

// Replay replays a trace against each policy with each capacity, as many at once as
// Go uses processors. When ctx is done, it ends with the replays that are under way.
func Replay(ctx context.Context, trace *Trace, plan Plan) (*Report, error) {
	return replay(ctx, trace, plan, storage.SimulateCache)
}

// simulate is storage.SimulateCache, or what a test has in its place.
type simulate func(policy string, trace storage.CacheTrace, capacity uint64) (storage.CacheHits, error)

func replay(ctx context.Context, trace *Trace, plan Plan, simulate simulate) (*Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hits := make([]storage.CacheHits, plan.Cells())
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), plan.Cells()) {
		workers.Go(func() {
			for ctx.Err() == nil {
				cell := int(next.Add(1)) - 1
				if cell >= len(hits) {
					return
				}
				policy, capacity := plan.cell(cell)
				var err error
				if hits[cell], err = simulate(policy, trace.CacheTrace, capacity); err != nil {
					cancel(err)
					return
				}
				if plan.Done != nil {
					plan.Done()
				}
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return newReport(trace, &plan, hits), nil
}

// cell is the policy and the capacity of a replay.
func (p *Plan) cell(i int) (policy string, capacity uint64) {
	return p.Policies[i/len(p.Capacities)], p.Capacities[i%len(p.Capacities)]
}
