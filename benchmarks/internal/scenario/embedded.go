package scenario

import "github.com/mantisdb/mantisdb/benchmarks/internal/engine"

// Budgets in bytes where the scenario is not about the budget.
const (
	amply           = 1 << 30
	compactionLimit = 128 << 20
	// The least that a store can do with; MantisDB takes no less.
	leastLimit = 16 << 20
)

// memory: nothing on disk, no log and no limit.
func (r *runner) memory() error {
	r.config = engine.Config{}
	return r.measured(r.load, r.loaded, r.warm, r.allMixes, r.deletes)
}

// buffered: a budget that holds all data several times over.
func (r *runner) buffered() error {
	r.budget(false, max(amply, 4*r.dataBytes()))
	return r.measured(r.load, r.settled, r.warm, r.allMixes, r.deletes)
}

// larger: four times as much data as the budget.
func (r *runner) larger() error {
	r.budget(false, max(leastLimit, r.dataBytes()/4))
	return r.measured(r.load, r.settled, r.warm, r.ycsbC, r.ycsbA, r.ycsbE, r.overwrite)
}

// large: large values, of which the budget holds all.
func (r *runner) large() error {
	r.budget(false, max(amply, 4*r.dataBytes()))
	return r.measured(r.load, r.settled, r.warm, r.reads, r.overwrite)
}

// sync: each write is on disk when it is acknowledged.
func (r *runner) sync() error {
	r.budget(true, max(amply, 4*r.dataBytes()))
	return r.measured(r.load, r.overwrite, r.ycsbA)
}

// compaction: overwrites of a data set by one client while the store compacts,
// as fast as they go and then at a given rate.
func (r *runner) compaction() error {
	r.budget(false, compactionLimit)
	return r.measured(r.load, r.hurriedOverwrites, r.pacedOverwrites)
}
