// Package servers is what servers are put through: each run starts one, gives it the work
// of a scenario over its own protocol, and writes a record of each phase.
package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/process"
)

// Options are what a run is given.
type Options struct {
	Engine   string
	Scenario string
	// MantisDB is the binary of MantisDB's server.
	MantisDB   string
	Keys       uint64
	ValueBytes int
	// Only is matched against the phases of redis-benchmark; nil takes all.
	Only *regexp.Regexp
	// Requests are those of a phase that is counted, Seconds the length of one that is timed.
	Requests int
	Seconds  float64
	Clients  int // connections
	Seed     uint64
	Round    int
}

// Check tells what is wrong with the options.
func (o Options) Check() error {
	const leastRequests = 1000 // a phase has a part of them
	if o.Keys < 100 || o.Keys > 1e9 || o.Requests < leastRequests || o.Seconds <= 0 || o.Clients < 1 || o.ValueBytes < 16 {
		return fmt.Errorf("keys are from 100 to 1e9, requests at least %d, seconds and clients positive, and values have at least 16 bytes", leastRequests)
	}
	return nil
}

// Run runs the scenario that o names and writes a record a line to out.
func Run(ctx context.Context, o Options, out io.Writer) error {
	if err := o.Check(); err != nil {
		return err
	}
	scenario, err := findScenario(o.Scenario)
	if err != nil {
		return err
	}
	system, err := find(o.Engine)
	if err != nil {
		return err
	}
	if !system.does(o.Scenario) {
		return fmt.Errorf("%s has no scenario %q, but %q", o.Engine, o.Scenario, system.scenarios)
	}
	if err := requirePrograms(append([]string{system.program(o)}, scenario.programs...)...); err != nil {
		return err
	}
	o.Keys = max(o.Keys/scenario.keysOver, 1)
	r := &runner{Options: o, system: system, scenario: scenario, version: system.version(ctx, o), out: json.NewEncoder(out)}
	r.servers, err = process.Start(ctx, max(scenario.nodes, 1), func(all []process.Place, i int) []string {
		return system.command(o, scenario, all, i)
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", o.Engine, err)
	}
	defer r.servers.Stop()
	if r.empty, err = r.servers.Usage(); err != nil {
		return err
	}
	return scenario.do(ctx, r)
}

// runner is one run of a scenario.
type runner struct {
	Options
	system   system
	scenario scenario
	version  string
	servers  process.Group
	empty    process.Usage // of the servers without keys
	out      *json.Encoder
}

// phase measures the servers while drive works, which sets what it knows of the record: at
// least the operations.
func (r *runner) phase(workload string, drive func(*measure.Record) error) error {
	watch, err := r.servers.Watch()
	if err != nil {
		return err
	}
	record, start := r.record(workload), time.Now()
	err = drive(&record)
	if record.Seconds == 0 {
		record.Seconds = time.Since(start).Seconds()
	}
	used, peak, watchErr := watch.Finish()
	if err = firstError(err, watchErr); err != nil {
		return fmt.Errorf("%s: %w", workload, err)
	}
	if record.Ops > 0 {
		record.CPUNanos = float64(used.CPU.Nanoseconds()) / float64(record.Ops)
	}
	if record.OpsPerSec == 0 {
		record.OpsPerSec = float64(record.Ops) / record.Seconds
	}
	record.AnonBytes, record.FileBytes, record.AnonPeakBytes = used.Anon, used.File, peak
	record.WrittenBytes = used.Written
	return r.write(record)
}

// write adds what is on disk and writes the record.
func (r *runner) write(record measure.Record) (err error) {
	if record.DiskBytes, err = r.servers.DiskBytes(); err != nil {
		return err
	}
	return r.out.Encode(record)
}

// loaded writes the record of what the servers take when all keys are there.
func (r *runner) loaded() error {
	usage, err := r.servers.Usage()
	if err != nil {
		return err
	}
	record := r.record("loaded")
	record.AnonBytes, record.AnonPeakBytes, record.FileBytes = usage.Anon, usage.Anon, usage.File
	grown := int64(usage.Anon+usage.File) - int64(r.empty.Anon+r.empty.File)
	record.BytesPerKey = float64(grown) / float64(r.Keys)
	return r.write(record)
}

// record is a record with what all of a run's have.
func (r *runner) record(workload string) measure.Record {
	return measure.Record{
		Group: measure.GroupServer, Engine: r.Engine, Version: r.version, Language: r.system.language,
		Settings: r.system.settings(r.scenario.durability),
		Scenario: r.Scenario, Workload: workload, Durability: string(r.scenario.durability), Threads: r.Clients,
		Keys: r.Keys, ValueBytes: r.ValueBytes, Round: r.Round,
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
