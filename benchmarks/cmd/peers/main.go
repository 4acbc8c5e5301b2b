// Command peers measures MantisDB and the stores that Go programs use instead.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/engine"
	"github.com/mantisdb/mantisdb/benchmarks/internal/scenario"
	"github.com/mantisdb/mantisdb/benchmarks/internal/work"
)

const usage = `usage:
  peers run -engine=NAME -scenario=NAME [flags]   one scenario, records as JSON lines
  peers engines                                   the engines of this program, and what each can do
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	switch args[0] {
	case "run":
		return runScenario(args[1:])
	case "engines":
		for _, kind := range engine.Kinds() {
			fmt.Println(kind.Name, strings.Join(scenario.Names(kind), " "))
		}
		return nil
	default:
		return fmt.Errorf("no command %q\n%s", args[0], usage)
	}
}

// runScenario has the same flags as the Rust half.
func runScenario(args []string) error {
	var o scenario.Options
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	flags.StringVar(&o.Engine, "engine", "", "the store")
	flags.StringVar(&o.Scenario, "scenario", "", "what it is put through: see peers engines")
	flags.StringVar(&o.Dir, "dir", filepath.Join(os.TempDir(), "mantisdb-peers"), "data directory, emptied first and removed at the end")
	flags.BoolVar(&o.KeepDir, "keep-dir", false, "leave the directory")
	flags.Uint64Var(&o.Keys, "keys", 1_000_000, "distinct keys")
	flags.IntVar(&o.ValueBytes, "value-size", 100, "bytes of a value")
	flags.Uint64Var(&o.Limit, "memory-limit", 0, "memory budget in bytes; 0 is the scenario's")
	flags.Float64Var(&o.Seconds, "seconds", 5, "seconds of each timed phase")
	flags.IntVar(&o.Threads, "threads", 40, "clients of the concurrent phases")
	flags.IntVar(&o.Rate, "rate", 20_000, "writes a second of the paced phase")
	flags.Uint64Var(&o.LogBytes, "log-bytes", 1<<30, "bytes of keys and values written before the kill")
	flags.Uint64Var(&o.Seed, "seed", 1, "determines every choice of keys")
	flags.IntVar(&o.Round, "round", 1, "written into the records")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Keys == 0 || o.Keys > 1e12 || o.ValueBytes < work.MinValueLen || o.Threads < 1 || o.Rate < 1 || o.Seconds <= 0 {
		return fmt.Errorf("keys, threads, rate and seconds must be positive, and values have at least %d bytes", work.MinValueLen)
	}
	return scenario.Run(o, os.Stdout)
}
