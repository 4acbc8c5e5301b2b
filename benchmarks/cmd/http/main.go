// Command http compares the processor time that a request of the HTTP API costs with that
// of a handler of net/http that does nothing: what is beyond that is MantisDB's own. Both
// servers run on this machine and get the same requests over connections that are kept.
//
//	go run ./cmd/http -mantisdb=../mantisdb-rust
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"

	"github.com/mantisdb/mantisdb/benchmarks/internal/process"
	"github.com/mantisdb/mantisdb/benchmarks/internal/spread"
)

// workload is what both servers get.
type workload struct {
	keys, requests, clients, length int
}

func main() {
	binary := flag.String("mantisdb", "mantisdb-rust", "binary of the server")
	empty := flag.Int("serve-empty", 0, "serve an empty handler on this port, and measure nothing")
	rounds := flag.Int("rounds", 5, "rounds; medians are printed, with the ends")
	var w workload
	flag.IntVar(&w.keys, "keys", 100_000, "keys")
	flag.IntVar(&w.requests, "requests", 200_000, "requests of a phase")
	flag.IntVar(&w.clients, "clients", 50, "connections")
	flag.IntVar(&w.length, "length", 100, "bytes of a value")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := func() error { return compare(ctx, *binary, w, *rounds) }
	if *empty != 0 {
		run = func() error { return serveEmpty(*empty) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "http:", err)
		os.Exit(1)
	}
}

// serveEmpty is the server that does nothing.
func serveEmpty(port int) error {
	return http.ListenAndServe("127.0.0.1:"+strconv.Itoa(port), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}

// methods are the phases of a round.
var methods = []string{http.MethodPut, http.MethodGet}

// compare measures both servers in turn, and prints a table.
func compare(ctx context.Context, binary string, w workload, rounds int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	commands := []func(port int, dir string) []string{
		func(port int, _ string) []string {
			return []string{binary, "--port=" + strconv.Itoa(port), "--log-level=error"}
		},
		func(port int, _ string) []string { return []string{self, "-serve-empty=" + strconv.Itoa(port)} },
	}
	var servers []*process.Process
	for _, command := range commands {
		p, err := process.Start(ctx, command)
		if err != nil {
			return err
		}
		defer p.Stop()
		servers = append(servers, p)
	}
	if err := load(servers[0], w); err != nil {
		return err
	}
	// Of each method, the microseconds of each server in all rounds.
	micros := map[string][2][]float64{}
	for range rounds {
		for _, method := range methods {
			both := micros[method]
			for i, p := range servers {
				took, err := measure(p, w, method)
				if err != nil {
					return err
				}
				both[i] = append(both[i], took)
			}
			micros[method] = both
		}
	}
	fmt.Printf("%d clients, %d keys, values of %d bytes; us of processor a request, medians of %d rounds (least-greatest)\n\n",
		w.clients, w.keys, w.length, rounds)
	fmt.Println("| | MantisDB | empty handler | ratio |")
	fmt.Println("|---|---|---|---|")
	for _, method := range methods {
		spread.Row(method, micros[method][0], micros[method][1])
	}
	return nil
}
