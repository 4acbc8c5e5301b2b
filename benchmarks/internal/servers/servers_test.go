package servers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// TestMain is also the empty handler, which runs this program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ServeEmpty {
		fmt.Fprintln(os.Stderr, RunEmpty(os.Args[2:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// phases are the workloads of a scenario, in order.
var phases = map[string][]string{
	protocol:       {"load", "loaded", "set_p1", "get_p1", "set_p16", "get_p16", "set_p64", "get_p64"},
	protocolLog:    {"load", "loaded", "set_p1", "get_p1", "set_p16", "get_p16", "set_p64", "get_p64", "open_after_kill"},
	protocolSync:   {"load", "loaded", "set_p1", "get_p1", "set_p16", "get_p16", "set_p64", "get_p64", "open_after_kill"},
	clientsMemory:  {"load", "loaded", "set", "get"},
	clientsSync:    {"load", "loaded", "set", "get", "open_after_kill"},
	clusterOfOne:   {"load", "loaded", "set", "get"},
	clusterOfThree: {"load", "loaded", "set", "get"},
	overHTTP:       {"load", "loaded", "http_put", "http_get"},
}

func TestEachServerGoesThroughItsScenarios(t *testing.T) {
	for _, s := range systems {
		for _, name := range s.scenarios {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				o := Options{
					Engine: s.name, Scenario: name, MantisDB: "../../../mantisdb-rust",
					Keys: 1000, ValueBytes: 64, Requests: 2000, Seconds: 0.05, Clients: 3, Seed: 1, Round: 2,
				}
				if err := requirePrograms(append(scenarios[name].programs, s.program(o))...); err != nil {
					t.Skip(err)
				}
				checkRecords(t, o, s, runToEnd(t, o))
			})
		}
	}
}

func runToEnd(t *testing.T, o Options) (records []measure.Record) {
	t.Helper()
	var out bytes.Buffer
	if err := Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	for lines := json.NewDecoder(&out); lines.More(); {
		var r measure.Record
		if err := lines.Decode(&r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func checkRecords(t *testing.T, o Options, s system, records []measure.Record) {
	t.Helper()
	want := phases[o.Scenario]
	if s.dial == nil {
		want = want[2:] // it keeps no keys
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Workload)
		if r.Group != measure.GroupServer || r.Engine != s.name || r.Version == "unknown" || r.Round != 2 || r.AnonBytes == 0 {
			t.Errorf("%s: %+v", r.Workload, r)
		}
		switch r.Workload {
		case "loaded":
			if r.BytesPerKey == 0 {
				t.Errorf("loaded: %v bytes a key", r.BytesPerKey)
			}
		case "open_after_kill":
			if r.Lost == nil || *r.Lost != 0 || r.OpenSeconds <= 0 || r.DiskBytes == 0 {
				t.Errorf("open after a kill: %+v", r)
			}
		case "load":
			if r.Ops != int64(r.Keys) || r.OpsPerSec <= 0 {
				t.Errorf("load: %+v", r)
			}
		default:
			if r.Ops <= 0 || r.OpsPerSec <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.Max < r.P99 {
				t.Errorf("%s: %+v", r.Workload, r)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("phases %q, not %q", got, want)
	}
}

func TestEnginesAreListedWithTheirScenarios(t *testing.T) {
	var out strings.Builder
	if err := WriteEngines(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\netcd kv_sync cluster_1 cluster_3\n") {
		t.Errorf("%q", out.String())
	}
	for _, s := range systems {
		for _, name := range s.scenarios {
			if _, err := findScenario(name); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		}
	}
}

func TestWhatIsWrongWithARunIsTold(t *testing.T) {
	good := Options{Engine: "redis", Scenario: protocol, Keys: 1000, ValueBytes: 64, Requests: 1000, Seconds: 1, Clients: 1}
	for want, spoil := range map[string]func(*Options){
		"no engine":   func(o *Options) { o.Engine = "none" },
		"no scenario": func(o *Options) { o.Scenario = "none" },
		"has no":      func(o *Options) { o.Scenario = overHTTP },
		"keys are":    func(o *Options) { o.Keys = 0 },
		"no program":  func(o *Options) { o.Engine, o.MantisDB = "mantisdb-rust", "/none" },
	} {
		o := good
		spoil(&o)
		var out bytes.Buffer
		if err := Run(t.Context(), o, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestVersionsAreFound(t *testing.T) {
	for _, said := range []string{
		"mantisdb 1.2.3 (default engine rust, go1.26.8, linux/amd64)\n",
		"Redis server v=1.2.3 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64\n",
		"memcached 1.2.3\n",
		"etcd Version: 1.2.3\nGit SHA: Not provided\nGo Version: go1.19.8\n",
	} {
		if found := stated.FindStringSubmatch(said); found == nil || found[1] != "1.2.3" {
			t.Errorf("%q in %q", found, said)
		}
	}
}

func TestPackagesNameWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := requirePrograms(wrk)
	if err == nil || err.Error() != "wrk is not installed (Debian: apt-get install wrk)" {
		t.Error(err)
	}
}
