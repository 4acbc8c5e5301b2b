// Command protocol compares the server with redis-server over the Redis protocol: the
// processor time that a request costs, requests a second, latency, and memory for each
// key. Both run on this machine, one after the other within each round, driven by
// redis-benchmark. It needs Debian's redis-server and redis-tools.
//
//	go run ./cmd/protocol -mantisdb=../mantisdb-rust
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"github.com/mantisdb/mantisdb/benchmarks/internal/spread"
)

// workload is what both servers do.
type workload struct {
	keys, requests, clients, length int
}

// pipelines are how many commands a client sends before it waits.
var pipelines = []int{1, 16, 64}

func main() {
	binary := flag.String("mantisdb", "mantisdb-rust", "binary of the server")
	synced := flag.Bool("durable", false, "also with a log: --durability=buffered beside appendonly with everysec")
	rounds := flag.Int("rounds", 3, "rounds; medians are printed, with the ends")
	var w workload
	flag.IntVar(&w.keys, "keys", 1_000_000, "keys")
	flag.IntVar(&w.requests, "requests", 1_000_000, "requests of a phase; a quarter of it without pipelines")
	flag.IntVar(&w.clients, "clients", 50, "connections")
	flag.IntVar(&w.length, "length", 100, "bytes of a value")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *binary, w, *rounds, *synced); err != nil {
		fmt.Fprintln(os.Stderr, "protocol:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary string, w workload, rounds int, synced bool) error {
	modes := []bool{false}
	if synced {
		modes = append(modes, true)
	}
	for _, durable := range modes {
		results := map[string][]figures{}
		for range rounds {
			for _, s := range []server{mantisdb(binary, durable), redis(durable)} {
				found, err := measure(ctx, s, w)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				results[s.name] = append(results[s.name], found)
			}
		}
		report(w, durable, results["mantisdb"], results["redis"])
	}
	return nil
}

// report prints a table of medians, with the ends, and the ratios of the medians.
func report(w workload, durable bool, mine, theirs []figures) {
	fmt.Printf("\n%d clients, %d keys, values of %d bytes, log: %v; medians of %d rounds (least-greatest)\n\n",
		w.clients, w.keys, w.length, durable, len(mine))
	fmt.Println("| | MantisDB | Redis | ratio |")
	fmt.Println("|---|---|---|---|")
	for _, phase := range mine[0].phases {
		for _, column := range []struct {
			name string
			of   func(phaseFigures) float64
		}{
			{"us of processor a request", func(p phaseFigures) float64 { return p.cpuMicros }},
			{"requests/s", func(p phaseFigures) float64 { return p.rate }},
			{"p99 in ms", func(p phaseFigures) float64 { return p.p99 }},
		} {
			spread.Row(fmt.Sprintf("%s, pipeline %d: %s", phase.command, phase.pipeline, column.name),
				pick(mine, phase, column.of), pick(theirs, phase, column.of))
		}
	}
	memory := func(all []figures) (list []float64) {
		for _, f := range all {
			list = append(list, f.bytesPerKey)
		}
		return list
	}
	spread.Row("bytes of memory a key", memory(mine), memory(theirs))
}

// pick are the values of a phase in all rounds.
func pick(all []figures, phase phaseFigures, of func(phaseFigures) float64) (list []float64) {
	for _, f := range all {
		i := slices.IndexFunc(f.phases, func(p phaseFigures) bool {
			return p.command == phase.command && p.pipeline == phase.pipeline
		})
		list = append(list, of(f.phases[i]))
	}
	return list
}
