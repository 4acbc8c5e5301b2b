package bench

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/mantisdb/mantisdb/internal/machine"
)

// suite runs all workloads on one engine.
type suite struct {
	open     func() (store, error)
	level    Level
	seed     uint64
	progress *progress
	// done and total count workloads of all engines: those before this suite's, and all.
	done, total int

	store  store
	ledger *ledger
}

// run returns the report of the workloads finished, also beside an error.
func (s *suite) run(ctx context.Context) (report Report, err error) {
	defer s.progress.erase()
	defer func() {
		if closeErr := s.closeStore(); err == nil {
			err = closeErr
		}
	}()
	report = Report{
		Stress:     s.level.Name,
		Durability: durabilityMemory,
		Go:         runtime.Version(),
		CPUs:       runtime.GOMAXPROCS(0),
	}
	for i := range workloads {
		if err := s.prepare(&workloads[i]); err != nil {
			return report, err
		}
		report.Engine = s.store.Engine()
		result, err := s.measure(ctx, i)
		if err != nil {
			return report, err
		}
		report.Results = append(report.Results, result)
	}
	return report, nil
}

// prepare brings about what the workload begins with.
func (s *suite) prepare(w *workload) error {
	if w.fresh {
		if err := s.closeStore(); err != nil {
			return err
		}
		opened, err := s.open()
		if err != nil {
			return err
		}
		s.store, s.ledger = opened, &ledger{keys: s.level.Keys}
	}
	return nil
}

// closeStore also gives its memory back, lest it count as the next store's.
func (s *suite) closeStore() error {
	if s.store == nil {
		return nil
	}
	closed := s.store
	s.store, s.ledger = nil, nil
	if err := closed.Close(); err != nil {
		return fmt.Errorf("close engine %q: %w", closed.Engine(), err)
	}
	debug.FreeOSMemory()
	return nil
}

// measure runs a workload and checks the store after it.
func (s *suite) measure(ctx context.Context, index int) (Result, error) {
	w := &workloads[index]
	title := fmt.Sprintf("%s %d/%d %s", s.store.Engine(), index+1, len(workloads), w.name)
	c := newCrew(w, s, uint64(index))
	defer context.AfterFunc(ctx, c.halt)()

	runtime.GC()
	s.progress.step = Step{Engine: s.store.Engine(), Workload: w.name, Done: s.done + index, Total: s.total}
	unwatch := s.progress.watch(title, c.state)
	c.perform()
	unwatch()
	result := c.result()
	s.observe(&result, &c.faults)
	if w.writes && ctx.Err() == nil {
		s.progress.show("%s: checking", title)
		s.ledger.add(c.overwriters())
		s.verify(ctx, &c.faults)
	}
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("benchmark stopped in %s of engine %q: %w", w.name, s.store.Engine(), context.Cause(ctx))
	}
	result.setErrors(&c.faults)
	s.progress.finished(title, &result)
	return result, nil
}

// observe notes what process and engine hold in memory.
func (s *suite) observe(result *Result, f *faults) {
	result.RSSBytes = machine.ResidentBytes()
	stats, err := s.store.Stats()
	if err != nil {
		f.add("stats: %w", err)
		return
	}
	result.MemoryBytes = stats.MemoryBytes
}

// verify checks the whole store against the ledger.
func (s *suite) verify(ctx context.Context, f *faults) {
	const glanceKeys = 4096 // a power of two
	check := sweep{ledger: s.ledger, faults: f}
	visited := 0
	err := s.store.Walk(func(key, value []byte) bool {
		check.visit(key, value)
		visited++
		return visited%glanceKeys != 0 || ctx.Err() == nil
	})
	if err != nil {
		f.add("scan: %w", err)
	}
	if ctx.Err() == nil {
		check.finish()
	}
}
