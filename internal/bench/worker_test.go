package bench

import (
	"io"
	"testing"
)

// crewOnHollow is a crew of one that may go on for ever on a store that costs
// nothing.
func crewOnHollow(t testing.TB, name string) *worker {
	s := &suite{
		level: Level{Keys: 1_000_000}, seed: 1, progress: newProgress(io.Discard, false),
		store: hollow{}, ledger: &ledger{keys: 1_000_000},
	}
	for i := range workloads {
		if workloads[i].name == name {
			w := newCrew(&workloads[i], s, uint64(i)).workers[0]
			w.recorder.resume()
			return w
		}
	}
	t.Fatalf("no workload %q", name)
	return nil
}

func TestTheMeasuredLoopAllocatesNothing(t *testing.T) {
	w := crewOnHollow(t, "concurrent_40")
	for name, operation := range map[string]func(){
		"put":       func() { w.put(w.anyKey(), loadGeneration) },
		"get":       func() { w.getExact(w.anyKey()) },
		"overwrite": func() { w.overwrite() },
		"shared":    func() { w.getShared(w.anyKey()) },
		"proceed":   func() { w.proceed() },
	} {
		if allocations := testing.AllocsPerRun(5000, operation); allocations != 0 {
			t.Errorf("%s allocates %v times", name, allocations)
		}
	}
}

func TestQuotasAddUp(t *testing.T) {
	for _, c := range []struct{ total, n uint64 }{{0, 1}, {1, 40}, {39, 40}, {40, 40}, {2_000_001, 40}} {
		var sum uint64
		for i := range c.n {
			sum += share(c.total, i, c.n)
		}
		if sum != c.total {
			t.Errorf("shares of %d among %d are %d together", c.total, c.n, sum)
		}
	}
}

// What measuring itself costs an operation: choosing a key, building key and
// value, checking what was read, sampling. BenchmarkHollow is the part of it
// that the hollow store spends to make up a value.
func BenchmarkHarness(b *testing.B) {
	for _, c := range []struct {
		name    string
		prepare func(w *worker) func()
	}{
		{"get", func(w *worker) func() { return func() { w.getExact(w.anyKey()) } }},
		{"put", func(w *worker) func() { return func() { w.put(w.anyKey(), loadGeneration) } }},
		{"overwrite", func(w *worker) func() { return w.overwrite }},
	} {
		b.Run(c.name, func(b *testing.B) {
			operation := c.prepare(crewOnHollow(b, "overwrites"))
			b.ReportAllocs()
			for b.Loop() {
				operation()
			}
		})
	}
}

func BenchmarkHollow(b *testing.B) {
	key, value := keyOf(1), make([]byte, valueLen)
	for b.Loop() {
		hollow{}.AppendGet(value[:0], key)
	}
}

func BenchmarkClock(b *testing.B) {
	for b.Loop() {
		now()
	}
}
