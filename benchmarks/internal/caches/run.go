package caches

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// drawn is how many keys are drawn before anything is timed, and exponent that of Zipf's
// law.
const (
	drawn    = 1 << 22
	exponent = 0.99
)

// The scenarios: what there is room for.
const (
	Tenth = "tenth" // a tenth of the keys
	All   = "all"   // all keys
)

// Options are what a run is given.
type Options struct {
	Engine     string
	Scenario   string
	Keys       uint32
	Seconds    float64
	Goroutines []int
	Seed       uint64
	Round      int
}

// WriteEngines writes a line for each cache: its name, and the scenarios it can do.
func WriteEngines(out io.Writer) error {
	for _, name := range Names() {
		if _, err := fmt.Fprintln(out, name, Tenth, All); err != nil {
			return err
		}
	}
	return nil
}

// room is how many entries there is room for, and the mixes of the scenario. Caches of
// several shards keep all of some keys only with room for more; and where all are there,
// reading through is but reading.
func (o Options) room() (uint64, []Mix, error) {
	switch o.Scenario {
	case Tenth:
		return uint64(o.Keys) / 10, []Mix{Reads, Reads75, ReadThrough}, nil
	case All:
		return uint64(o.Keys) * 5 / 4, []Mix{Reads, Reads75}, nil
	default:
		return 0, nil, fmt.Errorf("no scenario %q, but %s", o.Scenario, strings.Join([]string{Tenth, All}, " and "))
	}
}

// Measure runs the scenario that o names and writes a record a line to out.
func Measure(o Options, out io.Writer) error {
	kind, err := Find(o.Engine)
	if err != nil {
		return err
	}
	room, mixes, err := o.room()
	if err != nil {
		return err
	}
	r := runner{Options: o, kind: kind, keys: NewKeys(o.Keys), out: json.NewEncoder(out)}
	r.draws = Draw(o.Keys, drawn, exponent, o.Seed)
	if err := r.fill(room); err != nil {
		return fmt.Errorf("%s: %w", o.Engine, err)
	}
	for _, mix := range mixes {
		for _, goroutines := range o.Goroutines {
			if err := r.phase(mix, goroutines); err != nil {
				return fmt.Errorf("%s: %s: %w", o.Engine, mix, err)
			}
		}
	}
	return r.cache.Close()
}

// runner is one run of a scenario.
type runner struct {
	Options
	kind  Kind
	keys  *Keys
	draws []uint32
	cache Cache
	out   *json.Encoder
}

// fill makes the cache, fills it, and writes the record of that, with what an entry takes.
func (r *runner) fill(room uint64) error {
	before, err := measure.ProcessMemory()
	if err != nil {
		return err
	}
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	start := time.Now()
	if r.cache, err = r.kind.open(r.keys, room); err != nil {
		return err
	}
	if err := Fill(r.cache, r.keys, r.draws, r.Scenario == All); err != nil {
		return err
	}
	record := r.record("filled", 1, time.Since(start).Seconds())
	entries, err := r.cache.Entries()
	if err != nil {
		return err
	}
	if err := watch.FinishWithoutDisk(&record); err != nil {
		return err
	}
	grown := int64(record.AnonBytes+record.FileBytes) - int64(before.Anon+before.File)
	record.BytesPerKey = float64(max(grown, 0)) / float64(max(entries, 1))
	return r.out.Encode(record)
}

func (r *runner) phase(mix Mix, goroutines int) error {
	watch, err := measure.StartWatch()
	if err != nil {
		return err
	}
	outcome, err := Run(r.cache, r.draws, goroutines, mix, time.Duration(r.Seconds*float64(time.Second)))
	if err != nil {
		return err
	}
	record := r.record(string(mix), goroutines, outcome.Seconds)
	record.Ops, record.OpsPerSec = outcome.Operations, float64(outcome.Operations)/outcome.Seconds
	ratio := float64(outcome.Hits) / float64(outcome.Lookups)
	record.HitRatio = &ratio
	if err := watch.FinishWithoutDisk(&record); err != nil {
		return err
	}
	return r.out.Encode(record)
}

// record is a record with what all of a run's have.
func (r *runner) record(workload string, goroutines int, seconds float64) measure.Record {
	return measure.Record{
		Group: measure.GroupCacheGo, Engine: r.kind.Name, Version: r.kind.Version(), Language: "go", Settings: r.kind.Settings,
		Scenario: r.Scenario, Workload: workload, Durability: "memory", Threads: goroutines,
		Keys: uint64(r.Keys), ValueBytes: ValueLen, Round: r.Round, Seconds: seconds,
	}
}
