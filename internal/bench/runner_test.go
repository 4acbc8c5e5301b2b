package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// tiny is enough for every worker of every workload to have something to do.
var tiny = Level{Name: "tiny", Keys: 3000, ThroughputTime: 50 * time.Millisecond}

var workloadNames = []string{
	"sequential_writes", "sequential_reads", "random_writes", "random_reads", "overwrites",
	"batch_writes", "scan", "concurrent_40", "high_throughput",
}

// builtEngines are those of this build.
func builtEngines(t testing.TB) (engines []string) {
	for _, engine := range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		err := probe(engine)
		if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, engine)
	}
	return engines
}

func TestAllWorkloadsRunWithoutErrors(t *testing.T) {
	engines := builtEngines(t)
	var progress bytes.Buffer
	reports, err := Run(t.Context(), Options{Engines: engines, Level: tiny, Seed: 1, Progress: &progress})
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) != len(engines) {
		t.Fatalf("%d reports of %d engines", len(reports), len(engines))
	}
	for i, report := range reports {
		if report.Engine != engines[i] || report.Stress != "tiny" || report.Durability != "memory" || report.CPUs < 1 {
			t.Errorf("report is headed %+v", report)
		}
		var names []string
		for _, r := range report.Results {
			names = append(names, r.Name)
			checkResult(t, report.Engine, &r)
			if title := report.Engine + " "; !strings.Contains(progress.String(), title) || !strings.Contains(progress.String(), r.Name+": ") {
				t.Errorf("progress tells nothing of %s on %s", r.Name, report.Engine)
			}
		}
		if !slices.Equal(names, workloadNames) {
			t.Errorf("workloads are %v, want %v", names, workloadNames)
		}
	}
}

func checkResult(t *testing.T, engine string, r *Result) {
	t.Helper()
	want := tiny.Keys
	if r.Name == "high_throughput" {
		want = r.Operations // as many as it can
		if r.Seconds < tiny.ThroughputTime.Seconds() {
			t.Errorf("%s: %s took %v s", engine, r.Name, r.Seconds)
		}
	}
	if r.Operations != want || r.Operations == 0 || r.Errors != 0 || r.FirstError != "" {
		t.Errorf("%s: %s made %d operations of %d, %d errors: %s", engine, r.Name, r.Operations, want, r.Errors, r.FirstError)
	}
	if r.Seconds <= 0 || r.OpsPerSecond <= 0 {
		t.Errorf("%s: %s took %v s, %v ops/s", engine, r.Name, r.Seconds, r.OpsPerSecond)
	}
	if r.P50Micros <= 0 || r.P50Micros > r.P99Micros || r.P99Micros > r.P999Micros || r.P999Micros > r.MaxMicros {
		t.Errorf("%s: latencies of %s are not in order: %+v", engine, r.Name, r)
	}
}

// faulty is a store that spoils what passes through it.
type faulty struct {
	store
	appendGet func(dst, key []byte) ([]byte, error)
	put       func(key, value []byte) error
	write     func(b *mantisdb.Batch) error
	walk      func(yield func(key, value []byte) bool) error
}

func (f *faulty) AppendGet(dst, key []byte) ([]byte, error) {
	if f.appendGet != nil {
		return f.appendGet(dst, key)
	}
	return f.store.AppendGet(dst, key)
}

func (f *faulty) Put(key, value []byte) error {
	if f.put != nil {
		return f.put(key, value)
	}
	return f.store.Put(key, value)
}

func (f *faulty) Write(b *mantisdb.Batch) error {
	if f.write != nil {
		return f.write(b)
	}
	return f.store.Write(b)
}

func (f *faulty) Walk(yield func(key, value []byte) bool) error {
	if f.walk != nil {
		return f.walk(yield)
	}
	return f.store.Walk(yield)
}

// every says true at each n-th call.
func every(n uint64) func() bool {
	var calls atomic.Uint64
	return func() bool { return calls.Add(1)%n == 0 }
}

var (
	readers = []string{"sequential_reads", "random_reads", "concurrent_40", "high_throughput"}
	writers = []string{"sequential_writes", "random_writes", "overwrites", "concurrent_40", "high_throughput"}
)

func TestFaultsOfAStoreAreCounted(t *testing.T) {
	failure := errors.New("made to fail")
	cases := []struct {
		name  string
		spoil func(f *faulty)
		// in these workloads, and in no other
		in []string
	}{
		{"a read bit is flipped", func(f *faulty) {
			now := every(100)
			f.appendGet = func(dst, key []byte) ([]byte, error) {
				value, err := f.store.AppendGet(dst, key)
				if err == nil && now() {
					value[len(value)-1] ^= 0x80
				}
				return value, err
			}
		}, readers},
		{"a read is torn", func(f *faulty) {
			now := every(100)
			f.appendGet = func(dst, key []byte) ([]byte, error) {
				value, err := f.store.AppendGet(dst, key)
				if err == nil && now() {
					number, _ := parseKey(key)
					copy(value[valueLen/2:], valueOf(number, 77)[valueLen/2:])
				}
				return value, err
			}
		}, readers},
		{"a read finds nothing", func(f *faulty) {
			now := every(100)
			f.appendGet = func(dst, key []byte) ([]byte, error) {
				if now() {
					return dst, mantisdb.ErrNotFound
				}
				return f.store.AppendGet(dst, key)
			}
		}, readers},
		{"a read gets the value of another key", func(f *faulty) {
			now := every(100)
			f.appendGet = func(dst, key []byte) ([]byte, error) {
				if now() {
					number, _ := parseKey(key)
					key = keyOf((number + 1) % tiny.Keys)
				}
				return f.store.AppendGet(dst, key)
			}
		}, readers},
		{"a read gets a generation that never was", func(f *faulty) {
			f.appendGet = func(dst, key []byte) ([]byte, error) {
				number, _ := parseKey(key)
				return append(dst, valueOf(number, 0)...), nil
			}
		}, readers},
		{"a write is lost", func(f *faulty) {
			now := every(20)
			f.put = func(key, value []byte) error {
				if now() {
					return nil
				}
				return f.store.Put(key, value)
			}
			// What is lost while loading is missing in what follows.
		}, append([]string{"sequential_reads", "random_reads"}, writers...)},
		{"a write fails", func(f *faulty) {
			now := every(20)
			f.put = func(key, value []byte) error {
				if now() {
					f.store.Put(key, value)
					return failure
				}
				return f.store.Put(key, value)
			}
		}, writers},
		{"a batch fails", func(f *faulty) {
			now := every(7)
			f.write = func(b *mantisdb.Batch) error {
				if err := f.store.Write(b); err != nil || !now() {
					return err
				}
				return failure
			}
		}, []string{"batch_writes"}},
		{"a scan skips a key", func(f *faulty) {
			f.walk = func(yield func(key, value []byte) bool) error {
				now := every(2999)
				return f.store.Walk(func(key, value []byte) bool { return now() || yield(key, value) })
			}
		}, append([]string{"batch_writes", "scan"}, writers...)},
		{"a scan fails halfway", func(f *faulty) {
			f.walk = func(yield func(key, value []byte) bool) error {
				enough := every(1500)
				f.store.Walk(func(key, value []byte) bool { return yield(key, value) && !enough() })
				return failure
			}
		}, append([]string{"batch_writes", "scan"}, writers...)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report, err := runOn(t.Context(), func() (store, error) {
				sound, err := openStore(mantisdb.EngineGo)
				if err != nil {
					return nil, err
				}
				f := &faulty{store: sound}
				c.spoil(f)
				return f, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Results {
				if want := slices.Contains(c.in, r.Name); want != (r.Errors > 0) {
					t.Errorf("%s: %d errors (%s)", r.Name, r.Errors, r.FirstError)
				}
				if (r.Errors > 0) != (r.FirstError != "") {
					t.Errorf("%s: %d errors, described by %q", r.Name, r.Errors, r.FirstError)
				}
			}
			if report.Errors() == 0 {
				t.Error("the report has no errors")
			}
		})
	}
}

// A store that returns a value which was overwritten before the read began.
func TestStaleReadsAreErrors(t *testing.T) {
	report, err := runOn(t.Context(), func() (store, error) {
		sound, err := openStore(mantisdb.EngineGo)
		if err != nil {
			return nil, err
		}
		f := &faulty{store: sound}
		f.appendGet = func(dst, key []byte) ([]byte, error) {
			number, _ := parseKey(key)
			return append(dst, valueOf(number, loadGeneration)...), nil
		}
		return f, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		// Until the first overwrites, the first generation is the right one.
		want := r.Name == "concurrent_40" || r.Name == "high_throughput"
		if want != (r.Errors > 0) {
			t.Errorf("%s: %d errors (%s)", r.Name, r.Errors, r.FirstError)
		}
	}
}

func runOn(ctx context.Context, open func() (store, error)) (Report, error) {
	s := &suite{open: open, level: tiny, seed: 1, progress: newProgress(io.Discard, false)}
	return s.run(ctx)
}

// The same seed gives the same operations, whatever the engine does.
func TestOperationsAreDeterminedByTheSeed(t *testing.T) {
	trace := func(seed uint64) (keys []string) {
		s := &suite{
			level: tiny, seed: seed, progress: newProgress(io.Discard, false),
			open: func() (store, error) {
				sound, err := openStore(mantisdb.EngineGo)
				if err != nil {
					return nil, err
				}
				f := &faulty{store: sound}
				f.appendGet = func(dst, key []byte) ([]byte, error) {
					keys = append(keys, "get "+string(key))
					return f.store.AppendGet(dst, key)
				}
				f.put = func(key, value []byte) error {
					keys = append(keys, "put "+string(key))
					return f.store.Put(key, value)
				}
				return f, nil
			},
		}
		defer s.closeStore()
		for i := range 5 { // those with one goroutine
			if err := s.prepare(&workloads[i]); err != nil {
				t.Fatal(err)
			}
			if _, err := s.measure(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		return keys
	}
	first, again, other := trace(1), trace(1), trace(2)
	if !slices.Equal(first, again) {
		t.Error("the same seed gives other operations")
	}
	if slices.Equal(first, other) {
		t.Error("another seed gives the same operations")
	}
}

func TestAnEndedContextStopsTheRunAndClosesTheStore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var sound store
	s := &suite{
		level: Level{Name: "endless", Keys: keyLimit}, seed: 1, progress: newProgress(io.Discard, false),
		open: func() (store, error) {
			time.AfterFunc(20*time.Millisecond, cancel)
			opened, err := openStore(mantisdb.EngineGo)
			sound = opened
			return opened, err
		},
	}
	report, err := s.run(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "sequential_writes") {
		t.Errorf("error is %v", err)
	}
	if len(report.Results) != 0 {
		t.Errorf("%d results of workloads that did not finish", len(report.Results))
	}
	if _, err := sound.Stats(); !errors.Is(err, mantisdb.ErrClosed) {
		t.Errorf("the store is left open: %v", err)
	}
}

func TestAnEndedContextStopsEveryWorkload(t *testing.T) {
	for i, name := range workloadNames {
		ctx, cancel := context.WithCancel(t.Context())
		s := &suite{
			level: Level{Name: "endless", Keys: keyLimit, ThroughputTime: time.Hour},
			seed:  1, progress: newProgress(io.Discard, false),
			store: hollow{}, ledger: &ledger{keys: keyLimit},
		}
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := s.measure(ctx, i); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestAnEngineThatCannotBeOpenedIsAnErrorBeforeAnythingRuns(t *testing.T) {
	var progress bytes.Buffer
	reports, err := Run(t.Context(), Options{
		Engines: []string{mantisdb.EngineGo, "nonesuch"}, Level: tiny, Progress: &progress,
	})
	if !errors.Is(err, mantisdb.ErrUnknownEngine) || len(reports) > 0 || progress.Len() > 0 {
		t.Errorf("%d reports, error %v, progress %q", len(reports), err, progress.String())
	}
}

// hollow is a store that costs nothing: it seems to hold every key at
// loadGeneration.
type hollow struct{}

func (hollow) Engine() string { return "hollow" }

func (hollow) AppendGet(dst, key []byte) ([]byte, error) {
	number, _ := parseKey(key)
	dst = append(dst[:0], make([]byte, valueLen)...)
	fillValue(dst, number, loadGeneration)
	return dst, nil
}

func (hollow) Put(key, value []byte) error { return nil }

func (hollow) Write(*mantisdb.Batch) error { return nil }

func (hollow) Walk(yield func(key, value []byte) bool) error {
	key, value := make([]byte, keyLen), make([]byte, valueLen)
	for number := uint64(0); ; number++ {
		fillKey(key, number)
		fillValue(value, number, loadGeneration)
		if !yield(key, value) {
			return nil
		}
	}
}

func (hollow) Stats() (mantisdb.Stats, error) { return mantisdb.Stats{}, nil }

func (hollow) Close() error { return nil }
