// Command servers measures MantisDB's server and what one would run instead.
//
//	go run ./cmd/servers run -engine=redis -scenario=protocol
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/mantisdb/mantisdb/benchmarks/internal/servers"
)

const usage = `usage:
  servers run -engine=NAME -scenario=NAME [flags]   one scenario, records as JSON lines
  servers engines                                   the engines, each with its scenarios
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	switch args[0] {
	case "run":
		return runScenario(ctx, args[1:])
	case "engines":
		return servers.WriteEngines(os.Stdout)
	case servers.ServeEmpty:
		return servers.RunEmpty(args[1:])
	default:
		return fmt.Errorf("no command %q\n%s", args[0], usage)
	}
}

func runScenario(ctx context.Context, args []string) error {
	var o servers.Options
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	flags.StringVar(&o.Engine, "engine", "", "the server")
	flags.StringVar(&o.Scenario, "scenario", "", "what it is put through; \"servers engines\" lists what each can do")
	flags.StringVar(&o.MantisDB, "mantisdb", "../mantisdb-rust", "binary of MantisDB's server")
	flags.Uint64Var(&o.Keys, "keys", 1_000_000, "distinct keys; kv_sync and the clusters take a tenth")
	flags.IntVar(&o.ValueBytes, "value-size", 100, "bytes of a value")
	flags.Func("only", "regular expression over the phases of redis-benchmark; takes all by default", func(s string) (err error) {
		o.Only, err = regexp.Compile(s)
		return err
	})
	flags.IntVar(&o.Requests, "requests", 1_000_000, "requests of a phase of redis-benchmark; a quarter without pipelines, a tenth of that for synced writes")
	flags.Float64Var(&o.Seconds, "seconds", 5, "seconds of each timed phase")
	flags.IntVar(&o.Clients, "threads", 50, "connections")
	flags.Uint64Var(&o.Seed, "seed", 1, "determines every choice of keys, but those of redis-benchmark")
	flags.IntVar(&o.Round, "round", 1, "written into the records")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return servers.Run(ctx, o, os.Stdout)
}
