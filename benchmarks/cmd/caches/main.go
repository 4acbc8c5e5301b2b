// Command caches measures MantisDB's cache and those that Go programs embed instead.
//
//	go run -tags rust ./cmd/caches run -engine=otter -scenario=tenth
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/caches"
)

const usage = `usage:
  caches run -engine=NAME -scenario=NAME [flags]   one cache, records as JSON lines
  caches engines                                   the caches, each with its scenarios
  caches heap [flags]                              what contents mean for Go's collector
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "caches:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	switch args[0] {
	case "run":
		return measure(args[1:])
	case "engines":
		return caches.WriteEngines(os.Stdout)
	case "heap":
		return heap(args[1:])
	default:
		return fmt.Errorf("no command %q\n%s", args[0], usage)
	}
}

// counts are numbers with commas between them.
type counts []int

func (c *counts) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(*c), " ", ","), "[]")
}

func (c *counts) Set(text string) error {
	*c = nil
	for _, one := range strings.Split(text, ",") {
		n, err := strconv.ParseUint(one, 10, 10)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is no number from 1 to 1023", one)
		}
		*c = append(*c, int(n))
	}
	return nil
}

// keysFlag adds the number of keys.
func keysFlag(flags *flag.FlagSet) *uint { return flags.Uint("keys", 1_000_000, "distinct keys") }

func checkKeys(keys uint) error {
	if keys < 1000 || keys > 1<<28 {
		return fmt.Errorf("keys are from 1000 to %d", 1<<28)
	}
	return nil
}

func measure(args []string) error {
	o := caches.Options{Goroutines: []int{1, 2, 16}}
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	keys := keysFlag(flags)
	flags.StringVar(&o.Engine, "engine", "", "the cache")
	flags.StringVar(&o.Scenario, "scenario", "", "what there is room for: tenth or all of the keys")
	flags.Float64Var(&o.Seconds, "seconds", 2, "seconds of each phase")
	flags.Var((*counts)(&o.Goroutines), "threads", "goroutines of the phases")
	flags.Uint64Var(&o.Seed, "seed", 1, "determines every choice of keys")
	flags.IntVar(&o.Round, "round", 1, "written into the records")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := checkKeys(*keys); err != nil {
		return err
	}
	if o.Seconds <= 0 {
		return fmt.Errorf("seconds must be positive")
	}
	o.Keys = uint32(*keys)
	return caches.Measure(o, os.Stdout)
}

// heap prints what each cache means for Go's collector, empty and full.
func heap(args []string) error {
	flags := flag.NewFlagSet("heap", flag.ExitOnError)
	count := keysFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := checkKeys(*count); err != nil {
		return err
	}
	keys := caches.NewKeys(uint32(*count))
	fmt.Print("| cache | entries | objects in Go's heap | bytes | a forced collection |\n|---|---:|---:|---:|---:|\n")
	for _, name := range caches.Names() {
		for _, entries := range []uint32{0, uint32(keys.Len())} {
			h, err := caches.MeasureHeap(name, keys, entries)
			if err != nil {
				return err
			}
			fmt.Printf("| %s | %d | %d | %d | %v |\n", name, h.Entries, h.Objects, h.Bytes, h.Collection.Round(10*time.Microsecond))
		}
	}
	return nil
}
