package servers

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// durability is when a server answers a write.
type durability string

const (
	inMemory durability = "memory"   // nothing is on disk
	buffered durability = "buffered" // the system has it; on disk within a second
	synced   durability = "sync"     // it is on disk
)

// scenario is what a server is put through.
type scenario struct {
	durability durability
	// programs are what drives the server, beside this one.
	programs []string
	// nodes are how many servers make a cluster; 0: one server, which is of none.
	nodes int
	// keysOver is what part of the run's keys is taken.
	keysOver uint64
	do       func(context.Context, *runner) error
}

// The names of scenarios.
const (
	protocol       = "protocol"
	protocolLog    = "protocol_log"
	protocolSync   = "protocol_sync"
	clientsMemory  = "memcached"
	clientsSync    = "kv_sync"
	overHTTP       = "http"
	clusterOfOne   = "cluster_1"
	clusterOfThree = "cluster_3"
	redisCLI       = "redis-cli"
	redisBenchmark = "redis-benchmark"
	wrk            = "wrk"
)

var scenarios = map[string]scenario{
	protocol:     {durability: inMemory, programs: []string{redisCLI, redisBenchmark}, keysOver: 1, do: pipelined},
	protocolLog:  {durability: buffered, programs: []string{redisCLI, redisBenchmark}, keysOver: 1, do: thenReopen(pipelined)},
	protocolSync: {durability: synced, programs: []string{redisCLI, redisBenchmark}, keysOver: 1, do: thenReopen(pipelined)},
	// Single operations of client libraries.
	clientsMemory: {durability: inMemory, keysOver: 1, do: single},
	// Each key is loaded by a write of its own that is waited for, so these are fewer.
	clientsSync: {durability: synced, keysOver: 10, do: thenReopen(single)},
	overHTTP:    {durability: inMemory, programs: []string{redisCLI, wrk}, keysOver: 1, do: requests},
	// The clients are dealt out to the nodes.
	clusterOfOne:   {durability: synced, nodes: 1, keysOver: 10, do: onceLed(single)},
	clusterOfThree: {durability: synced, nodes: 3, keysOver: 10, do: onceLed(single)},
}

func findScenario(name string) (scenario, error) {
	s, ok := scenarios[name]
	if !ok {
		return s, fmt.Errorf("no scenario %q, but %q", name, slices.Sorted(maps.Keys(scenarios)))
	}
	return s, nil
}

// thenReopen does what do does, and measures how long the server takes to be there again
// after a kill.
func thenReopen(do func(context.Context, *runner) error) func(context.Context, *runner) error {
	return func(ctx context.Context, r *runner) error {
		if err := do(ctx, r); err != nil {
			return err
		}
		return r.reopen(ctx)
	}
}
