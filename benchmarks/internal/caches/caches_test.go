package caches

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

func TestEachCacheHoldsWhatItHasRoomFor(t *testing.T) {
	keys := NewKeys(40_000)
	draws := Draw(40_000, 200_000, 0.99, 1)
	for _, name := range Names() {
		c, err := Open(name, keys, 10_000)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := Fill(c, keys, draws, false); err != nil {
			t.Fatal(name, err)
		}
		entries, err := c.Entries()
		if err != nil || entries < 9_000 || entries > 10_600 {
			t.Errorf("%s: %d entries, %v", name, entries, err)
		}
		for _, mix := range []Mix{Reads, Reads75, ReadThrough} {
			o, err := Run(c, draws, 2, mix, 20*time.Millisecond)
			if err != nil || o.Operations == 0 || o.Hits < o.Lookups/2 || mix != Reads75 && o.Lookups != o.Operations {
				t.Errorf("%s: %s: %+v, %v", name, mix, o, err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRecordsOfARun(t *testing.T) {
	for scenario, want := range map[string]string{
		Tenth: "filled reads reads reads_75 reads_75 read_through read_through",
		All:   "filled reads reads reads_75 reads_75",
	} {
		var out bytes.Buffer
		o := Options{Engine: "otter", Scenario: scenario, Keys: 2000, Seconds: 0.01, Goroutines: []int{1, 3}, Seed: 1, Round: 7}
		if err := Measure(o, &out); err != nil {
			t.Fatal(err)
		}
		var got []string
		for lines := json.NewDecoder(&out); lines.More(); {
			var r measure.Record
			if err := lines.Decode(&r); err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Workload)
			if r.Group != measure.GroupCacheGo || r.Scenario != scenario || r.Round != 7 || r.GCCPUShare == nil {
				t.Errorf("%+v", r)
			}
			if r.Workload == "filled" {
				continue
			}
			if r.Ops == 0 || r.OpsPerSec == 0 || r.HitRatio == nil || *r.HitRatio <= 0.1 || *r.HitRatio > 1 {
				t.Errorf("%+v", r)
			}
			if scenario == All && *r.HitRatio != 1 {
				t.Errorf("%v of all keys are there", *r.HitRatio)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestDrawsFollowZipfsLaw(t *testing.T) {
	seen := map[uint32]int{}
	for _, draw := range Draw(1000, 1_000_000, 0.99, 3) {
		seen[draw&^write]++
	}
	most, writes := 0, 0
	for _, n := range seen {
		most = max(most, n)
	}
	for _, draw := range Draw(1000, 1_000_000, 0.99, 3) {
		writes += int(draw >> 31)
	}
	// The first of a thousand has one part in the sum of 1/r^0.99, which is 7.73.
	if most < 127_000 || most > 132_000 || writes < 248_000 || writes > 252_000 {
		t.Fatalf("the first was drawn %d times, %d are writes", most, writes)
	}
}
