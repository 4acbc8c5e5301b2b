// Command clustersim tells how a cluster of some size fares: package cluster/simulation with
// flags. It prints a table with a column for each cluster, or JSON.
//
//	clustersim --nodes=3,100,1000 --shards=1024 [--parts=changes,blast] [--json]
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/cluster/simulation"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "clustersim:", err)
		os.Exit(1)
	}
}

// size is a flag of bytes, as 64MiB.
type size struct{ bytes *float64 }

func (s size) String() string { return humanize.IBytes(uint64(*s.bytes)) }
func (s size) Type() string   { return "size" }
func (s size) Set(text string) error {
	bytes, err := humanize.ParseBytes(text)
	*s.bytes = float64(bytes)
	return err
}

func run(args []string, out io.Writer) error {
	var c simulation.Config
	var nodes, shards []int
	var parts []string
	const day = 24 * time.Hour
	flags := pflag.NewFlagSet("clustersim", pflag.ContinueOnError)
	bytes := func(at *float64, name string, value float64, usage string) {
		*at = value
		flags.Var(size{at}, name, usage)
	}
	flags.IntSliceVar(&nodes, "nodes", []int{1000}, "nodes of each cluster")
	flags.IntSliceVar(&shards, "shards", []int{4096}, "shards of each cluster, each number with each of nodes")
	flags.StringSliceVar(&parts, "parts", nil, fmt.Sprintf("what is to be told, of %v (default all)", simulation.Parts))
	flags.Uint64Var(&c.Seed, "seed", 1, "of what is random")
	asJSON := flags.Bool("json", false, "print JSON, a list of reports, with times in nanoseconds")
	flags.IntVar(&c.Replicas, "replicas", 3, "of a shard")
	flags.IntVar(&c.PerZone, "per-zone", 25, "nodes of a zone; there are as many zones as replicas, at least")

	bytes(&c.NodeData, "node-data", 1<<40, "what a node holds, of all its replicas, on average")
	bytes(&c.Bandwidth, "bandwidth", 100<<20, "a second, what repair may take of a node, each way")
	flags.IntVar(&c.Streams, "streams", 4, "moves that a node sends at a time, and that it receives")

	flags.DurationVar(&c.DiskMTBF, "disk-mtbf", 20*365*day, "of a node, until its data is gone; 0 is never")
	flags.DurationVar(&c.RestartMTBF, "restart-mtbf", 30*day, "of a node, until it is away for a while; 0 is never")
	flags.DurationVar(&c.ZoneMTBF, "zone-mtbf", 2*365*day, "of a zone, until it is away for a while; 0 is never")
	flags.DurationVar(&c.RestartTime, "restart-time", 5*time.Minute, "that a node is away")
	flags.DurationVar(&c.ZoneTime, "zone-time", time.Hour, "that a zone is away")
	flags.DurationVar(&c.DeadAfter, "dead-after", 10*time.Minute, "that a node without its data counts as dead")
	flags.DurationVar(&c.Replacement, "replacement", 2*day, "until another node is in its place")
	flags.DurationVar(&c.Restore, "restore", 4*time.Hour, "until someone has revived a shard that lost most copies")
	flags.DurationVar(&c.Election, "election", 2*time.Second, "after a leader fell")
	flags.IntVar(&c.Years, "years", 10, "to simulate; figures are a year's mean")

	flags.IntSliceVar(&c.Failures, "failures", []int{2, 3, 5, 10}, "nodes that fail at the same time")
	flags.IntVar(&c.Trials, "trials", 20000, "of each number of failures")
	flags.IntVar(&c.Scatter, "scatter", 4, "peers of a node with the copysets compared with")

	flags.DurationVar(&c.Heartbeat, "heartbeat", 100*time.Millisecond, "between two of a leader")
	flags.Float64Var(&c.Active, "active", 0.1, "part of shards that are written, if the others may rest")
	flags.DurationVar(&c.Latency, "latency", time.Millisecond, "of a message")
	bytes(&c.Link, "link", 125e6, "a second, what the network gives a node")
	bytes(&c.GroupMemory, "group-memory", 256<<10, "of a group at rest; a guess until it is measured")
	flags.Float64Var(&c.GroupTasks, "group-goroutines", 2, "of a group at rest; a guess until they are counted")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 || len(nodes) == 0 || len(shards) == 0 {
		return errors.New("usage: clustersim --nodes=N,... --shards=N,... (--help tells all flags)")
	}

	wanted := simulation.Parts
	if len(parts) > 0 {
		wanted = nil
		for _, part := range parts {
			wanted = append(wanted, simulation.Part(part))
		}
	}
	var reports []simulation.Report
	for _, c.Nodes = range nodes {
		for _, c.Shards = range shards {
			report, err := simulation.Run(c, wanted...)
			if err != nil {
				return err
			}
			reports = append(reports, report)
		}
	}
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(reports)
	}
	return printTable(out, reports)
}
