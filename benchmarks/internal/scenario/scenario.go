// Package scenario is what a store is put through. Each scenario runs in a
// process of its own, on a directory of its own, and measures some phases.
package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

// Options are what a run is given.
type Options struct {
	Engine     string
	Scenario   string
	Dir        string // is made anew and removed at the end
	Keys       uint64
	ValueBytes int
	Limit      uint64 // memory budget in bytes; 0 takes the scenario's
	Seconds    float64
	Threads    int
	Rate       int    // operations a second of the paced overwrites
	LogBytes   uint64 // written before the kill
	Seed       uint64
	Round      int
	// KeepDir leaves the directory where it is.
	KeepDir bool
}

// scenario is a way to run a store.
type scenario struct {
	name string
	run  func(*runner) error
	// memory is without a directory, all others are with one.
	memory bool
}

// scenarios are all that can be asked for.
var scenarios = []scenario{
	{name: "memory", run: (*runner).memory, memory: true},
	{name: "buffered", run: (*runner).buffered},
	{name: "larger", run: (*runner).larger},
	{name: "sync", run: (*runner).sync},
	{name: "large", run: (*runner).large},
	{name: "recovery", run: (*runner).recovery},
	{name: "compaction", run: (*runner).compaction},
}

// filling is what the recovery kills.
var filling = scenario{name: "fill", run: (*runner).fill}

// suits tells whether a store can run the scenario.
func (s scenario) suits(kind engine.Kind) bool {
	if s.memory {
		return kind.Memory
	}
	return kind.Disk
}

// Names are the scenarios that a store can run.
func Names(kind engine.Kind) (names []string) {
	for _, s := range scenarios {
		if s.suits(kind) {
			names = append(names, s.name)
		}
	}
	return names
}

// find is the scenario of that name, if the store can run it.
func find(name string, kind engine.Kind) (scenario, error) {
	for _, s := range append(slices.Clone(scenarios), filling) {
		if s.name == name && s.suits(kind) {
			return s, nil
		}
	}
	return scenario{}, fmt.Errorf("no scenario %q for %s, which has %v", name, kind.Name, Names(kind))
}

// runner is one run of a scenario.
type runner struct {
	Options
	kind     engine.Kind
	config   engine.Config
	store    engine.Engine
	out      *json.Encoder
	clients  []*client
	popular  *work.Popular
	inserted atomic.Uint64 // the number of the next key that is inserted
	log      logSync
}

// Run runs the scenario that o names and writes a record a line to out.
func Run(o Options, out io.Writer) error {
	kind, err := engine.Find(o.Engine)
	if err != nil {
		return err
	}
	s, err := find(o.Scenario, kind)
	if err != nil {
		return err
	}
	r := newRunner(o, kind, out)
	if err := os.RemoveAll(o.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	err = s.run(r)
	if !o.KeepDir {
		err = firstError(err, os.RemoveAll(o.Dir))
	}
	return err
}

func newRunner(o Options, kind engine.Kind, out io.Writer) *runner {
	r := &runner{Options: o, kind: kind, out: json.NewEncoder(out), popular: work.NewPopular(o.Keys, o.Seed^saltPopular)}
	r.inserted.Store(o.Keys)
	return r
}

// dataBytes is the length of all keys and values.
func (r *runner) dataBytes() uint64 { return r.Keys * r.entryBytes() }

func (r *runner) entryBytes() uint64 { return uint64(work.KeyLen + r.ValueBytes) }

// budget configures a store on disk, unless the run has a budget of its own.
func (r *runner) budget(sync bool, limit uint64) {
	if r.Limit != 0 {
		limit = r.Limit
	}
	r.config = engine.Config{Dir: r.Dir, Sync: sync, Limit: limit}
}

// measured opens the store, does what is given in turn, and closes it.
func (r *runner) measured(phases ...func() error) error {
	if err := r.open(); err != nil {
		return err
	}
	for _, do := range phases {
		if err := do(); err != nil {
			return r.closeAfter(err)
		}
	}
	return r.close()
}

// allMixes are the phases of a store that has all data in memory.
func (r *runner) allMixes() error {
	for _, do := range []func() error{
		r.ycsbC, r.ycsbB, r.ycsbA, r.ycsbF, r.ycsbD, r.ycsbE, r.reads, r.overwrite, r.scans,
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// open opens the store as it is configured.
func (r *runner) open() (err error) {
	if r.store, err = r.kind.Open(r.config); err != nil {
		return fmt.Errorf("open %s: %w", r.Engine, err)
	}
	r.log.resume(r.config, r.store)
	return nil
}

// close closes the store, beside which nothing may run.
func (r *runner) close() error { return firstError(r.log.pause(), r.store.Close()) }

// closeAfter closes the store and returns err or, if that is nil, what went wrong
// with it.
func (r *runner) closeAfter(err error) error { return firstError(err, r.close()) }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
