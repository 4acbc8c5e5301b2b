package cachesim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// TestReplayRunsEveryCell once, and reports each at its place.
func TestReplayRunsEveryCell(t *testing.T) {
	trace := &Trace{Name: "a.csv", Format: FormatCSV, Footprint: 20,
		CacheTrace: storage.CacheTrace{Requests: []uint32{0, 1, 0, 0}, Keys: 2, Sizes: []uint64{10, 10}}}
	var mu sync.Mutex
	var seen []string
	fake := func(policy string, got storage.CacheTrace, capacity uint64) (storage.CacheHits, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(got.Requests) != 4 || got.Keys != 2 || len(got.Sizes) != 2 {
			t.Errorf("replayed %+v", got)
		}
		seen = append(seen, policy)
		return storage.CacheHits{Requests: capacity, Bytes: 10 * uint64(len(policy))}, nil
	}
	var done atomic.Int64
	plan := Plan{Policies: []string{"a", "bb"}, Capacities: []uint64{1, 2, 3}, Done: func() { done.Add(1) }}
	report, err := replay(t.Context(), trace, plan, fake)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	if got := strings.Join(seen, " "); got != "a a a bb bb bb" || done.Load() != 6 {
		t.Errorf("replayed %s, told of %d", got, done.Load())
	}
	for _, result := range report.Policies {
		for i, point := range result.Points {
			byteRatio := 0.25 * float64(len(result.Policy))
			if want := uint64(i + 1); point.Capacity != want || point.Hits != want || point.HitRatio != float64(want)/4 || *point.ByteHitRatio != byteRatio {
				t.Errorf("%s at %d: %+v", result.Policy, want, point)
			}
		}
	}
}

func TestReplayEndsEarly(t *testing.T) {
	trace := &Trace{Footprint: 1, CacheTrace: storage.CacheTrace{Requests: []uint32{0}, Keys: 1}}
	plan := Plan{Policies: []string{"a"}, Capacities: make([]uint64, 1000)}
	broken := errors.New("broken")
	var calls atomic.Int64
	_, err := replay(t.Context(), trace, plan, func(string, storage.CacheTrace, uint64) (storage.CacheHits, error) {
		calls.Add(1)
		return storage.CacheHits{}, broken
	})
	if !errors.Is(err, broken) || calls.Load() == 1000 {
		t.Errorf("after a failure: %v, %d calls", err, calls.Load())
	}

	ctx, cancel := context.WithCancel(t.Context())
	calls.Store(0)
	_, err = replay(ctx, trace, plan, func(string, storage.CacheTrace, uint64) (storage.CacheHits, error) {
		calls.Add(1)
		cancel()
		return storage.CacheHits{}, nil
	})
	if !errors.Is(err, context.Canceled) || calls.Load() == 1000 {
		t.Errorf("after an interrupt: %v, %d calls", err, calls.Load())
	}
}
