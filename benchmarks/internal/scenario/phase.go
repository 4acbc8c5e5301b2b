package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// phase runs a load and writes its record.
func (r *runner) phase(workload string, l load, do step) error {
	r.prepare(l) // before the watch: what the clients need is not the phase's
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	did, err := r.run(l, do)
	if err != nil {
		return fmt.Errorf("%s: %w", workload, err)
	}
	record := r.record(workload, l.threads, did.seconds)
	record.Ops = did.ops
	record.OpsPerSec = float64(did.ops) / did.seconds
	did.taken.Fill(&record)
	return r.finish(watch, record)
}

// finish ends the watch and writes the record.
func (r *runner) finish(watch *measure.Watch, record measure.Record) error {
	if err := watch.Finish(&record, r.Dir); err != nil {
		return err
	}
	return r.out.Encode(record)
}

// loaded writes the record of what the data takes.
func (r *runner) loaded() error { return r.still("loaded", func() error { return nil }) }

// settled is loaded, when the store has settled.
func (r *runner) settled() error {
	if err := r.log.pause(); err != nil {
		return err
	}
	err := r.still("loaded", func() error {
		if err := r.store.(engine.Durable).Settle(); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
		return r.awaitDisk()
	})
	r.log.resume(r.config, r.store)
	return err
}

// still writes the record of something that is no operation.
func (r *runner) still(workload string, do func() error) error {
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	start := measure.Now()
	if err := do(); err != nil {
		return err
	}
	return r.finish(watch, r.record(workload, 1, float64(measure.Now()-start)/1e9))
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
	switch {
	case r.config.InMemory():
		durability = "memory"
	case r.config.Sync:
		durability = "sync"
	}
	return measure.Record{
		Group: measure.GroupEmbeddedGo, Engine: r.Engine, Version: r.kind.Version(), Language: "go",
		Settings: r.kind.Settings(r.config), Scenario: r.Scenario, Workload: workload, Durability: durability,
		Threads: threads, Keys: r.Keys, ValueBytes: r.ValueBytes, Limit: r.config.Limit, Round: r.Round, Seconds: seconds,
	}
}
