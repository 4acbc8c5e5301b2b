package report

import (
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

// goals are what MantisDB is to show. From Go, stores are compared with their data in
// memory and a log that is buffered: what keeps nothing on disk is no store. What a byte
// takes in memory is compared where all of it has to be there: elsewhere it is on disk,
// and the process's own memory is what it has cached.
var goals = []goal{
	{"Go: point reads, data in memory", groups.GroupEmbeddedGo, []string{"buffered"}, []string{"reads"}, headline, 4, nil},
	{"Go: YCSB A, B, D, F", groups.GroupEmbeddedGo, []string{"buffered"}, []string{"ycsb_a", "ycsb_b", "ycsb_d", "ycsb_f"}, headline, 2, nil},
	{"Go: YCSB C", groups.GroupEmbeddedGo, []string{"buffered"}, []string{"ycsb_c"}, headline, 3, nil},
	{"Go: YCSB E", groups.GroupEmbeddedGo, []string{"buffered"}, []string{"ycsb_e"}, headline, 1.5, nil},
	{"Go: sync writes", groups.GroupEmbeddedGo, []string{"sync"}, []string{"overwrite"}, headline, 1.3, nil},
	{"Go: p99.9", groups.GroupEmbeddedGo, []string{"buffered", "larger", "sync", "large"}, nil, find(results.P999), 1, nil},
	{"Go: memory for each byte stored, beside ordered peers", groups.GroupEmbeddedGo, []string{"memory"}, loaded, find(results.AnonPerByte), 1.1, ordered},
	{"Rust: independent point reads, beside LMDB", groups.GroupEmbeddedRust, []string{"buffered"}, []string{"reads"}, headline, 4, named("lmdb")},
	{"Rust: random writes, buffered", groups.GroupEmbeddedRust, []string{"buffered"}, []string{"overwrite"}, headline, 2, nil},
	{"Rust: cache beside quick_cache", groups.GroupCacheRust, nil, nil, headline, 1, named("quick_cache")},
	{"Rust: cache beside moka", groups.GroupCacheRust, nil, nil, headline, 3, named("moka")},
	{"Go: cache beside otter", groups.GroupCacheGo, nil, nil, headline, 1, named("otter")},
	{"Server: processor time of SET and GET, beside Redis", groups.GroupServer, serverProtocols, []string{"set_p1", "get_p1"}, find(results.CPU), 1, named("redis")},
	{"Server: the same, 16 and 64 in a pipeline", groups.GroupServer, serverProtocols, []string{"set_p16", "get_p16", "set_p64", "get_p64"}, find(results.CPU), 0.6, named("redis")},
	{"Server: requests a second, 16 in a pipeline", groups.GroupServer, serverProtocols, []string{"set_p16", "get_p16"}, headline, 1.5, named("redis")},
	{"Server: p99 beside Redis", groups.GroupServer, serverProtocols, nil, find(results.P99), 1, named("redis")},
	{"Server: memory for each byte stored, beside Redis", groups.GroupServer, serverProtocols, loaded, find(results.AnonPerByte), 1, named("redis")},
	{"Server: processor time of HTTP, beside an empty handler", groups.GroupServer, []string{"http"}, nil, find(results.CPU), 1.3, named("net-http")},
}

// serverProtocols are the scenarios of Redis's protocol with durabilities that Redis
// was to be compared in.
var serverProtocols = []string{"protocol", "protocol_log", "protocol_sync"}
