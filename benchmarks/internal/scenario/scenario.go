// Package scenario is what a store is put through. Each scenario runs in a
// process of its own, on a directory of its own, and measures some phases.
package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// syncEvery is how often what was written as buffered is put on disk.
const syncEvery = time.Second

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

// scenarios by name.
var scenarios = map[string]func(*runner) error{
	"sync":       (*runner).sync,
	"memory":     (*runner).memory,
	"larger":     (*runner).larger,
	"compaction": (*runner).compaction,
	"recovery":   (*runner).recovery,
	"fill":       (*runner).fill, // what recovery kills
}

// runner is one run of a scenario.
type runner struct {
	Options
	kind   engine.Kind
	config engine.Config
	store  engine.Engine
	out    *json.Encoder
	stop   chan struct{} // ends the syncs of the buffered log
	synced chan error
}

// Run runs the scenario that o names and writes a record a line to out.
func Run(o Options, out io.Writer) error {
	do, ok := scenarios[o.Scenario]
	if !ok {
		return fmt.Errorf("no scenario %q", o.Scenario)
	}
	kind, err := engine.Find(o.Engine)
	if err != nil {
		return err
	}
	r := &runner{Options: o, kind: kind, out: json.NewEncoder(out)}
	if err := os.RemoveAll(o.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	err = do(r)
	if !o.KeepDir {
		err = firstError(err, os.RemoveAll(o.Dir))
	}
	return err
}

// dataBytes is the length of all keys and values.
func (r *runner) dataBytes() uint64 { return r.Keys * uint64(16+r.ValueBytes) }

// open opens the store with a budget, unless the run has its own.
func (r *runner) open(sync bool, limit uint64) (err error) {
	if r.Limit != 0 {
		limit = r.Limit
	}
	r.config = engine.Config{Dir: r.Dir, Sync: sync, Limit: limit}
	return r.reopen()
}

// reopen opens the store as it is configured.
func (r *runner) reopen() (err error) {
	if r.store, err = r.kind.Open(r.config); err != nil {
		return fmt.Errorf("open %s: %w", r.Engine, err)
	}
	return r.resumeSync()
}

// syncLog puts what is buffered on disk every second, so that all stores lose as
// little to a loss of power.
func (r *runner) syncLog(stop <-chan struct{}) {
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			r.synced <- nil
			return
		case <-tick.C:
			if err := r.store.SyncLog(); err != nil {
				r.synced <- err
				return
			}
		}
	}
}

// resumeSync begins the syncs of the buffered log.
func (r *runner) resumeSync() error {
	if !r.config.Sync && r.stop == nil {
		r.stop, r.synced = make(chan struct{}), make(chan error, 1)
		go r.syncLog(r.stop)
	}
	return nil
}

// pauseSync ends the syncs, since nothing may run beside Settle and Close.
func (r *runner) pauseSync() error {
	if r.stop == nil {
		return nil
	}
	close(r.stop)
	r.stop = nil
	return <-r.synced
}

// close closes the store.
func (r *runner) close() error {
	return firstError(r.pauseSync(), r.store.Close())
}

// closeAfter closes the store and returns err or, if that is nil, what went wrong
// with it.
func (r *runner) closeAfter(err error) error { return firstError(err, r.close()) }

// phase runs a load and writes its record.
func (r *runner) phase(workload string, l load, do step) error {
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	taken, seconds, err := r.run(l, do)
	if err != nil {
		return fmt.Errorf("%s: %w", workload, err)
	}
	record := r.record(workload, l.threads, seconds)
	record.Ops = taken.Count()
	record.OpsPerSec = float64(record.Ops) / seconds
	taken.Fill(&record)
	if err := watch.Finish(&record, r.Dir); err != nil {
		return err
	}
	return r.out.Encode(record)
}

// settle writes the record of how the store settles, with what it then takes.
func (r *runner) settle() error {
	if err := r.pauseSync(); err != nil {
		return err
	}
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	start := measure.Now()
	if err := r.store.Settle(); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	if err := r.awaitDisk(); err != nil {
		return err
	}
	record := r.record("settled", 1, float64(measure.Now()-start)/1e9)
	if err := watch.Finish(&record, r.Dir); err != nil {
		return err
	}
	return r.out.Encode(record)
}

// awaitDisk waits until the directory has taken as much disk for a second, for a
// minute at most: stores remove files in the background.
func (r *runner) awaitDisk() error {
	const looks = 5
	var seen []uint64
	for range 60 * looks {
		bytes, err := measure.DiskBytes(r.Dir)
		if err != nil {
			return err
		}
		seen = append(seen, bytes)
		if n := len(seen); n > looks && slices.Min(seen[n-looks-1:]) == slices.Max(seen[n-looks-1:]) {
			return nil
		}
		time.Sleep(time.Second / looks)
	}
	return nil
}

// record is a record with what all of a run's have.
func (r *runner) record(workload string, threads int, seconds float64) measure.Record {
	durability := "buffered"
	if r.config.Sync {
		durability = "sync"
	}
	return measure.Record{
		Engine: r.Engine, Version: r.kind.Version(), Language: "go", Settings: r.kind.Settings(r.config),
		Scenario: r.Scenario, Workload: workload, Durability: durability, Threads: threads,
		Keys: r.Keys, ValueBytes: r.ValueBytes, Limit: r.config.Limit, Round: r.Round, Seconds: seconds,
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
