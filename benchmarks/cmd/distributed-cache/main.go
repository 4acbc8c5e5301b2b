// Command distributed-cache measures a cache over three nodes on loopback, each in a process of
// its own: MantisDB's, the same with a secret, and Olric with its own store, one after the other in
// the same run.
//
//	go run -tags rust ./cmd/distributed-cache --seconds=15
//
// On each node clients read keys by a Zipf distribution, and store those that are not there, as
// one does before a database. Not all keys fit.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"text/tabwriter"
	"time"
)

// setting is what is measured.
type setting struct {
	System        string
	Index         int
	Addresses     []string
	Replicas      int
	Keys          uint64
	ValueLen      int
	MemoryLimit   int
	Clients       int
	Warm, Measure time.Duration
}

// figures are a node's.
type figures struct {
	Gets, Hits, Sets, Failed int64
	P99                      time.Duration // of a get
	RSS                      int64         // bytes
	GCs                      int64
	GCSeconds                float64 // of the processor
	CPUSeconds               float64
	Seconds                  float64
}

const nodes = 3

// The systems.
const (
	mantisDB           = "mantisdb"
	mantisDBWithSecret = "mantisdb+tls" // with a secret, so that nodes speak to each other by TLS
	olricAlone         = "olric"
)

func main() {
	var s setting
	seconds := flag.Int("seconds", 15, "how long each system is measured, after as long to become warm")
	flag.IntVar(&s.Replicas, "replicas", 1, "on how many nodes each key is")
	flag.Uint64Var(&s.Keys, "keys", 200_000, "how many keys there are")
	flag.IntVar(&s.ValueLen, "value-bytes", 1000, "length of a value")
	flag.IntVar(&s.MemoryLimit, "memory-mib", 32, "what a node may hold, MiB")
	flag.IntVar(&s.Clients, "clients", 8, "clients of each node")
	port := flag.Int("port", 28100, "first of six ports")
	node := flag.String("node", "", "for the program itself: the setting of a node, as JSON")
	flag.Parse()
	if *node != "" {
		check(json.Unmarshal([]byte(*node), &s))
		check(beNode(&s))
		return
	}
	s.MemoryLimit <<= 20
	s.Warm, s.Measure = time.Duration(*seconds)*time.Second, time.Duration(*seconds)*time.Second
	for i := range nodes {
		s.Addresses = append(s.Addresses, fmt.Sprintf("127.0.0.1:%d", *port+2*i))
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "system\tget/s\tp99 of a get\thits\tset/s\tfailed\tRSS a node\tGCs a node and s\tGC of CPU\tCPU us/op\t")
	for _, system := range []string{mantisDB, mantisDBWithSecret, olricAlone} {
		s.System = system
		all, err := run(s)
		check(err)
		all.print(table, system)
	}
	check(table.Flush())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "distributed-cache:", err)
		os.Exit(1)
	}
}

// run has a system's nodes work, and sums their figures up.
func run(s setting) (all figures, err error) {
	self, err := os.Executable()
	if err != nil {
		return all, err
	}
	var running []*exec.Cmd
	var outputs []*bufio.Reader
	for i := range nodes {
		s.Index = i
		config, err := json.Marshal(s)
		if err != nil {
			return all, err
		}
		cmd := exec.Command(self, "--node="+string(config))
		cmd.Stderr = os.Stderr
		output, err := cmd.StdoutPipe()
		if err != nil {
			return all, err
		}
		if err := cmd.Start(); err != nil {
			return all, err
		}
		defer cmd.Process.Kill()
		running, outputs = append(running, cmd), append(outputs, bufio.NewReader(output))
	}
	for _, output := range outputs {
		var one figures
		if err := json.NewDecoder(output).Decode(&one); err != nil {
			return all, fmt.Errorf("a node of %s has told nothing: %w", s.System, err)
		}
		all.add(&one)
	}
	for _, cmd := range running {
		cmd.Process.Kill() // only now, so that all had the others to the end
		cmd.Wait()
	}
	return all, nil
}

func (f *figures) add(one *figures) {
	f.Gets, f.Hits, f.Sets, f.Failed = f.Gets+one.Gets, f.Hits+one.Hits, f.Sets+one.Sets, f.Failed+one.Failed
	f.P99, f.Seconds = max(f.P99, one.P99), max(f.Seconds, one.Seconds)
	f.RSS, f.GCs = f.RSS+one.RSS, f.GCs+one.GCs
	f.GCSeconds, f.CPUSeconds = f.GCSeconds+one.GCSeconds, f.CPUSeconds+one.CPUSeconds
}

func (f *figures) print(table *tabwriter.Writer, system string) {
	fmt.Fprintf(table, "%s\t%.0f\t%v\t%.1f %%\t%.0f\t%d\t%d MiB\t%.1f\t%.1f %%\t%.1f\t\n", system,
		float64(f.Gets)/f.Seconds, f.P99.Round(10*time.Microsecond), 100*float64(f.Hits)/float64(f.Gets), float64(f.Sets)/f.Seconds, f.Failed,
		f.RSS/nodes>>20, float64(f.GCs)/nodes/f.Seconds, 100*f.GCSeconds/f.CPUSeconds, 1e6*f.CPUSeconds/float64(f.Gets+f.Sets))
}
