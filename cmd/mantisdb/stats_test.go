package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
)

func TestStats(t *testing.T) {
	eachTarget(t, func(t *testing.T, target string) {
		want(t, "", 0, "", "", "put", "k", "v", target)
		line := finish(t, program(t, "stats", "--json", target))
		var stats mantisdb.Stats
		if err := json.Unmarshal([]byte(line.stdout), &stats); err != nil || strings.Count(line.stdout, "\n") != 1 || stats.Keys != 1 {
			t.Errorf("%+v, %v", line, err)
		}
		table := finish(t, program(t, "stats", target))
		for name := range strings.FieldsSeq("engine keys puts memory_bytes stall_nanos torn_bytes") {
			if !strings.Contains("\n"+table.stdout, "\n"+name+" ") {
				t.Errorf("%+v lacks %s", table, name)
			}
		}
	})
}

// TestStatsTable: whatever a server tells is shown, with the units that the names have.
func TestStatsTable(t *testing.T) {
	const figures = `{"engine":"r\nust","keys":1234567,"keys_estimated":false,"memory_bytes":1536,"stall_nanos":1234567,
		"ratio":0.5,"rate":1552.0003096721738,"sent_bytes":1536.7,"version":9007199254740993,"nothing":null,"na\u001bme":1,"below":-3,"server":{"version":"1","uptime_nanos":7200000000000},
		"redis":{"commands":[{"name":"get","calls":1000,"latencies":{"p50_nanos":125,"buckets":[1,2]}},{"name":"config|get","calls":1,"failed":7}],"none":[]}}`
	const want = `engine               r\nust
keys                 1,234,567
keys_estimated       false
memory_bytes         1.5 KiB
stall_nanos          1.23ms
ratio                0.5
rate                 1,552.00
sent_bytes           1.5 KiB
version              9,007,199,254,740,993
nothing              null
na\x1bme             1
below                -3
server.version       1
server.uptime_nanos  2h0m0s

redis.commands
name        calls  latencies.p50_nanos  failed
get         1,000  125ns                -
config|get  1      -                    7
`
	var got strings.Builder
	if err := writeStats(&got, []byte(figures), false); err != nil || got.String() != want {
		t.Errorf("%v\n%s", err, got.String())
	}
	for _, bad := range []string{"", "[]", `{"a":1`, "7", `{"a":[{]}`} {
		if err := writeStats(&got, []byte(bad), false); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
