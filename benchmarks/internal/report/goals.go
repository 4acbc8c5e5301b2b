package report

import (
	"slices"

	groups "github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// named allows one peer.
func named(name string) func(*results.Scene, string) bool {
	return func(_ *results.Scene, engine string) bool { return engine == name }
}

// ordered allows peers that keep keys in order: a plain map needs less memory and
// cannot scan.
func ordered(s *results.Scene, engine string) bool { return s.Ordered(engine) }

func find(name string) measure {
	for _, m := range measures {
		if m.Name == name {
			return m
		}
	}
	panic("no measure " + name)
}

var (
	p99         = find(results.P99)
	p999        = find(results.P999)
	cpu         = find(results.CPU)
	anonPerByte = find(results.AnonPerByte)
	bytesPerKey = find(results.BytesPerKey)
)

// goals are what MantisDB is to show.
var goals = slices.Concat(goGoals, rustGoals, cacheGoals, serverGoals)

// From Go, stores are compared with their data in memory and a log that is buffered:
// what keeps nothing on disk is no store. What a byte takes in memory is compared where
// all of it has to be there: elsewhere it is on disk, and the process's own memory is
// what it has cached.
var goGoals = []goal{
	inGo(goal{title: "Go: point reads, data in memory", scenarios: only("buffered"), workloads: only("reads"), measure: headline, bound: 4}),
	inGo(goal{title: "Go: YCSB A, B, D, F", scenarios: only("buffered"), workloads: only("ycsb_a", "ycsb_b", "ycsb_d", "ycsb_f"), measure: headline, bound: 2}),
	inGo(goal{title: "Go: YCSB C", scenarios: only("buffered"), workloads: only("ycsb_c"), measure: headline, bound: 3}),
	inGo(goal{title: "Go: YCSB E", scenarios: only("buffered"), workloads: only("ycsb_e"), measure: headline, bound: 1.5}),
	inGo(goal{title: "Go: sync writes", scenarios: only("sync"), workloads: only("overwrite"), measure: headline, bound: 1.3}),
	inGo(goal{title: "Go: p99.9", scenarios: only("buffered", "larger", "sync", "large"), measure: p999, bound: 1}),
	inGo(goal{title: "Go: memory for each byte stored, beside ordered peers", scenarios: only("memory"), measure: anonPerByte, bound: 1.1, peers: ordered}),
}

var rustGoals = []goal{
	inRust(goal{title: "Rust: independent point reads, beside LMDB", workloads: only("reads"), measure: headline, bound: 4, peers: named("lmdb")}),
	inRust(goal{title: "Rust: random writes, buffered", workloads: only("overwrite"), measure: headline, bound: 2}),
}

var cacheGoals = []goal{
	ofCache(goal{title: "Rust: cache beside quick_cache", group: groups.GroupCacheRust, bound: 1, peers: named("quick_cache")}),
	ofCache(goal{title: "Rust: cache beside moka", group: groups.GroupCacheRust, bound: 3, peers: named("moka")}),
	ofCache(goal{title: "Go: cache beside otter", group: groups.GroupCacheGo, bound: 1, peers: named("otter")}),
}

var serverGoals = []goal{
	besideRedis(goal{title: "Server: processor time of SET and GET, beside Redis", workloads: only("set_p1", "get_p1"), measure: cpu, bound: 1}),
	besideRedis(goal{title: "Server: the same, 16 and 64 in a pipeline", workloads: only("set_p16", "get_p16", "set_p64", "get_p64"), measure: cpu, bound: 0.6}),
	besideRedis(goal{title: "Server: requests a second, 16 in a pipeline", workloads: only("set_p16", "get_p16"), measure: headline, bound: 1.5}),
	besideRedis(goal{title: "Server: p99 beside Redis", measure: p99, bound: 1}),
	besideRedis(goal{title: "Server: memory for each key, beside Redis", measure: bytesPerKey, bound: 1}),
	{title: "Server: processor time of HTTP, beside an empty handler", group: groups.GroupServer, scenarios: only("http"), measure: cpu, bound: 1.3, peers: named("net-http")},
}

func only(names ...string) []string { return names }

func inGo(g goal) goal {
	g.group = groups.GroupEmbeddedGo
	return g
}

func inRust(g goal) goal {
	g.group, g.scenarios = groups.GroupEmbeddedRust, only("buffered")
	return g
}

// ofCache is for no more threads than the processors of the machine that the goals were
// set for.
func ofCache(g goal) goal {
	g.workloads, g.measure, g.threads = only("reads", "reads_75"), headline, 2
	return g
}

// besideRedis is for all durabilities that Redis has.
func besideRedis(g goal) goal {
	g.group, g.scenarios, g.peers = groups.GroupServer, only("protocol", "protocol_log", "protocol_sync"), named("redis")
	return g
}
