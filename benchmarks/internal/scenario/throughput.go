package scenario

import "github.com/mantisdb/mantisdb/benchmarks/internal/measure"

// Budgets in bytes where the scenario is not about the budget.
const (
	syncLimit       = 1 << 30
	compactionLimit = 128 << 20
	// The least that a store can do with; MantisDB takes no less.
	leastLimit = 16 << 20
)

// sync: many clients, each of whose writes is on disk when it is acknowledged.
func (r *runner) sync() error {
	if err := r.open(true, syncLimit); err != nil {
		return err
	}
	return r.closeAfter(r.phase("sync_writes", r.timed(r.Threads, saltWrite), r.write))
}

// memory: a budget that holds all data several times over.
func (r *runner) memory() error {
	if err := r.open(false, max(1<<30, 4*r.dataBytes())); err != nil {
		return err
	}
	return r.closeAfter(r.memoryPhases())
}

func (r *runner) memoryPhases() error {
	for _, do := range []func() error{r.load, r.settle, r.resumeSync, r.reads} {
		if err := do(); err != nil {
			return err
		}
	}
	if err := r.phase("random_writes", r.timed(1, saltWrite), r.write); err != nil {
		return err
	}
	return r.phase("random_writes", r.timed(r.Threads, saltWrite), r.write)
}

// larger: four times as much data as the budget.
func (r *runner) larger() error {
	if err := r.open(false, max(leastLimit, r.dataBytes()/4)); err != nil {
		return err
	}
	if err := r.largerPhases(); err != nil {
		return r.closeAfter(err)
	}
	return r.closed()
}

func (r *runner) largerPhases() error {
	for _, do := range []func() error{r.load, r.settle, r.reads} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// compaction: overwrites of a data set by one client while the store compacts,
// as fast as they go and then at a given rate.
func (r *runner) compaction() error {
	if err := r.open(false, compactionLimit); err != nil {
		return err
	}
	return r.closeAfter(r.compactionPhases())
}

func (r *runner) compactionPhases() error {
	if err := r.load(); err != nil {
		return err
	}
	if err := r.phase("overwrites", r.timed(1, saltWrite), r.write); err != nil {
		return err
	}
	paced := r.timed(1, saltPaced)
	paced.perSecond = r.Rate
	return r.phase("paced_overwrites", paced, r.write)
}

// closed writes the record of what the closed store takes on disk, without the
// log files that some make ahead of their use.
func (r *runner) closed() error {
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	start := measure.Now()
	if err := r.close(); err != nil {
		return err
	}
	record := r.record("closed", 1, float64(measure.Now()-start)/1e9)
	if err := watch.Finish(&record, r.Dir); err != nil {
		return err
	}
	return r.out.Encode(record)
}
