package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Size is how much data a scenario has.
type Size struct {
	Keys       uint64
	ValueBytes int      // 0 where the program has a length of its own
	Args       []string // what else the scenario's programs are to be told
	// OnDemand is for a scenario that is left out unless it is asked for by name.
	OnDemand bool
}

// Scale is how much is measured: all that decides how long a comparison takes
// stands here.
type Scale struct {
	Name    string
	Rounds  int
	Seconds float64       // of each timed phase
	Timeout time.Duration // of one job
	Sizes   map[string]Size
}

// scales: full is meant for an hour of two processors, small for some minutes. Loads and
// settling are bound by work and not by time, so the slowest stores decide how many
// keys there can be. Of "larger" there are so many that a quarter of them takes more than
// the least budget; of Redis's protocol so many that what a server takes once counts little.
var scales = []Scale{
	{
		Name: "full", Rounds: 5, Seconds: 0.2, Timeout: 3 * time.Minute,
		Sizes: map[string]Size{
			"memory":     {Keys: 200_000, ValueBytes: 100},
			"buffered":   {Keys: 200_000, ValueBytes: 100},
			"larger":     {Keys: 600_000, ValueBytes: 100},
			"sync":       {Keys: 100_000, ValueBytes: 100},
			"large":      {Keys: 4096, ValueBytes: 64 << 10},
			"recovery":   {Keys: 200_000, ValueBytes: 100, Args: []string{"--log-bytes=33554432"}},
			"compaction": {Keys: 1_000_000, ValueBytes: 100, OnDemand: true},

			"protocol":      {Keys: 1_000_000, ValueBytes: 100, Args: []string{"--requests=500000"}},
			"protocol_log":  {Keys: 1_000_000, ValueBytes: 100, Args: []string{"--requests=500000"}},
			"protocol_sync": {Keys: 1_000_000, ValueBytes: 100, Args: []string{"--requests=500000"}},
			"memcached":     {Keys: 200_000, ValueBytes: 100},
			"kv_sync":       {Keys: 200_000, ValueBytes: 100},
			"cluster_1":     {Keys: 200_000, ValueBytes: 100},
			"cluster_3":     {Keys: 200_000, ValueBytes: 100},
			"http":          {Keys: 200_000, ValueBytes: 100},

			"tenth": {Keys: 200_000},
			"all":   {Keys: 200_000},
		},
	},
	{
		Name: "small", Rounds: 1, Seconds: 0.1, Timeout: 2 * time.Minute,
		Sizes: map[string]Size{
			"memory":     {Keys: 50_000, ValueBytes: 100},
			"buffered":   {Keys: 50_000, ValueBytes: 100},
			"larger":     {Keys: 50_000, ValueBytes: 100},
			"sync":       {Keys: 10_000, ValueBytes: 100},
			"large":      {Keys: 1024, ValueBytes: 64 << 10},
			"recovery":   {Keys: 50_000, ValueBytes: 100, Args: []string{"--log-bytes=33554432"}},
			"compaction": {Keys: 50_000, ValueBytes: 100, OnDemand: true},

			"protocol":      {Keys: 50_000, ValueBytes: 100, Args: []string{"--requests=100000"}},
			"protocol_log":  {Keys: 50_000, ValueBytes: 100, Args: []string{"--requests=100000"}},
			"protocol_sync": {Keys: 50_000, ValueBytes: 100, Args: []string{"--requests=100000"}},
			"memcached":     {Keys: 50_000, ValueBytes: 100},
			"kv_sync":       {Keys: 50_000, ValueBytes: 100},
			"cluster_1":     {Keys: 50_000, ValueBytes: 100},
			"cluster_3":     {Keys: 50_000, ValueBytes: 100},
			"http":          {Keys: 50_000, ValueBytes: 100},

			"tenth": {Keys: 50_000},
			"all":   {Keys: 50_000},
		},
	},
}

// FindScale is the scale of a name.
func FindScale(name string) (Scale, error) {
	names := make([]string, len(scales))
	for i, s := range scales {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	slices.Sort(names)
	return Scale{}, fmt.Errorf("no scale %q: there are %s", name, strings.Join(names, ", "))
}
