package cachesim

import (
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

func TestCapacities(t *testing.T) {
	plain := &Trace{Name: "a.trace", Footprint: 2000}
	sized := &Trace{Name: "a.csv", Footprint: 1 << 30, CacheTrace: storage.CacheTrace{Sizes: []uint64{1 << 30}}}
	for _, c := range []struct {
		trace *Trace
		sizes string
		want  []uint64
	}{
		{plain, "1000", []uint64{1000}},
		{plain, "50%,7, 1000,5%", []uint64{7, 100, 1000}}, // in order, each once
		{plain, "0.001%", []uint64{1}},                    // no cache of nothing
		{plain, "100%,0.52%", []uint64{10, 2000}},
		{plain, DefaultSizes, []uint64{10, 20, 40, 100, 200, 400, 700, 1000}},
		{sized, "1000", []uint64{1000}},
		{sized, "64MiB,1MB,25%", []uint64{1_000_000, 64 << 20, 256 << 20}},
	} {
		sizes, err := ParseSizes(strings.Split(c.sizes, ","))
		if err != nil {
			t.Errorf("%s: %v", c.sizes, err)
			continue
		}
		if got, err := c.trace.Capacities(sizes); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s of %s: %v (%v), want %v", c.sizes, c.trace.Name, got, err, c.want)
		}
	}
	sizes, err := ParseSizes([]string{"64MiB"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Capacities(sizes); err == nil || !strings.Contains(err.Error(), "the size 64MiB is in bytes, and a.trace has no sizes") {
		t.Errorf("bytes of a trace without sizes: %v", err)
	}
}

func TestParseSizesRefuses(t *testing.T) {
	for _, text := range []string{"", "0", "-1", "x", "0%", "100.1%", "-5%", "NaN%", "%", "5 %%", "0MiB", "1e400%", "18446744073709551616", "5xB"} {
		if sizes, err := ParseSizes([]string{"10", text}); err == nil || !strings.Contains(err.Error(), "no size") {
			t.Errorf("%q is %v (%v)", text, sizes, err)
		}
	}
	if _, err := ParseSizes(nil); err == nil {
		t.Error("no sizes are taken")
	}
}
