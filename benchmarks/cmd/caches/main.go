// Caches measures MantisDB's cache beside otter, from Go, in rounds that alternate:
//
//	go run -tags rust ./cmd/caches
//
// It writes Markdown, and with -records a line of JSON for each phase.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/caches"
	"github.com/mantisdb/mantisdb/cache"
)

type options struct {
	keys     uint
	count    int
	exponent float64
	rounds   int
	records  string
}

// record is one measured phase.
type record struct {
	Cache      string  `json:"cache"`
	Engine     string  `json:"engine,omitempty"`
	Writes     bool    `json:"writes"`
	Goroutines int     `json:"goroutines"`
	Keys       uint    `json:"keys"`
	Room       uint64  `json:"room"`
	Round      int     `json:"round"`
	At         int64   `json:"at"`
	OpsPerSec  float64 `json:"operations_per_second"`
	Hits       float64 `json:"hits_percent"`
	Allocated  float64 `json:"allocations_an_operation"`
	Entries    uint64  `json:"entries"`
}

func main() {
	var o options
	flag.UintVar(&o.keys, "keys", 1_000_000, "distinct keys")
	flag.IntVar(&o.count, "operations", 4_000_000, "operations of a phase, over all goroutines")
	flag.Float64Var(&o.exponent, "exponent", 0.99, "exponent of Zipf's law")
	flag.IntVar(&o.rounds, "rounds", 5, "how often all is done")
	flag.StringVar(&o.records, "records", "", "file to which records are appended")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "caches:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	keys := caches.NewKeys(uint32(o.keys))
	fmt.Printf("MantisDB's engine: %s. %d goroutines.\n\n", cache.DefaultEngine, runtime.GOMAXPROCS(0))
	if err := heaps(keys); err != nil {
		return err
	}
	records, err := o.throughput(keys)
	if err != nil {
		return err
	}
	report(records)
	return o.append(records)
}

// heaps tells what content means for Go's collector.
func heaps(keys *caches.Keys) error {
	fmt.Print("| cache | entries | objects in Go's heap | bytes | a forced collection |\n|---|---:|---:|---:|---:|\n")
	for _, name := range []string{caches.MantisDB, caches.Otter} {
		for _, entries := range []uint32{0, uint32(keys.Len())} {
			h, err := caches.MeasureHeap(name, keys, entries)
			if err != nil {
				return err
			}
			fmt.Printf("| %s | %d | %d | %d | %v |\n", name, h.Entries, h.Objects, h.Bytes, h.Collection.Round(10*time.Microsecond))
		}
	}
	fmt.Println()
	return nil
}

func (o options) throughput(keys *caches.Keys) ([]record, error) {
	var records []record
	draws := caches.Draw(uint32(o.keys), o.count, o.exponent, 1)
	for round := range o.rounds {
		for _, room := range []uint64{uint64(o.keys) / 10, uint64(o.keys) * 5 / 4} {
			for _, writes := range []bool{false, true} {
				names := caches.Names()
				rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
				for _, name := range names {
					r, err := o.phase(name, keys, draws, room, writes)
					if err != nil {
						return nil, err
					}
					r.Round = round + 1
					records = append(records, r)
				}
			}
		}
	}
	return records, nil
}

// phase measures a cache of its own, so that nobody else's entries are in Go's heap.
func (o options) phase(name string, keys *caches.Keys, draws []uint32, room uint64, writes bool) (record, error) {
	c, err := caches.Open(name, keys, room)
	if err != nil {
		return record{}, err
	}
	defer c.Close()
	if err := caches.Fill(c, draws); err != nil {
		return record{}, err
	}
	goroutines := runtime.GOMAXPROCS(0)
	outcome, err := caches.Run(c, draws, goroutines, writes)
	if err != nil {
		return record{}, err
	}
	entries, err := c.Entries()
	r := record{
		Cache: name, Writes: writes, Goroutines: goroutines, Keys: o.keys, Room: room, At: time.Now().Unix(),
		OpsPerSec: float64(outcome.Operations) / outcome.Seconds,
		Hits:      float64(outcome.Hits) * 100 / float64(outcome.Lookups),
		Allocated: float64(outcome.Allocated) / float64(outcome.Operations),
		Entries:   entries,
	}
	if name == caches.MantisDB {
		r.Engine = cache.DefaultEngine
	}
	return r, err
}

func report(records []record) {
	type row struct {
		room   uint64
		writes bool
	}
	rows := map[row]map[string][]record{}
	var order []row
	for _, r := range records {
		at := row{r.Room, r.Writes}
		if rows[at] == nil {
			rows[at] = map[string][]record{}
			order = append(order, at)
		}
		rows[at][r.Cache] = append(rows[at][r.Cache], r)
	}
	fmt.Print("| room | mix | cache | M/s | MantisDB beside it | hits, % | allocations an operation |\n|---:|---|---|---:|---:|---:|---:|\n")
	for _, at := range order {
		mix := "reads"
		if at.writes {
			mix = "75% reads"
		}
		ours := rows[at][caches.MantisDB]
		for _, name := range caches.Names() {
			theirs := rows[at][name]
			fmt.Printf("| %d | %s | %s | %s | %s | %.1f | %.2f |\n", at.room, mix, name, rates(theirs), ratio(ours, theirs),
				theirs[0].Hits, theirs[0].Allocated)
		}
	}
}

// ratio is the median, the least and the greatest of the rates of one cache over those of
// another in the same round.
func ratio(of, over []record) string {
	all := make([]float64, len(of))
	for i := range of {
		all[i] = of[i].OpsPerSec / over[i].OpsPerSec
	}
	return spread(all)
}

// rates are the median, the least and the greatest of million operations a second.
func rates(of []record) string {
	all := make([]float64, len(of))
	for i, r := range of {
		all[i] = r.OpsPerSec / 1e6
	}
	return spread(all)
}

// spread is the median, the least and the greatest of figures.
func spread(all []float64) string {
	slices.Sort(all)
	return fmt.Sprintf("%.2f (%.2f-%.2f)", all[len(all)/2], all[0], all[len(all)-1])
}

func (o options) append(records []record) error {
	if o.records == "" {
		return nil
	}
	f, err := os.OpenFile(o.records, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := json.NewEncoder(f)
	for _, r := range records {
		if err := lines.Encode(r); err != nil {
			return err
		}
	}
	return f.Close()
}
