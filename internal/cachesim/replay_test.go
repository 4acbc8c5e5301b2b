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
	trace := &Trace{Name: "a.csv", Format: FormatCSV, Keys: []uint32{0, 1, 0, 0}, Sizes: []uint32{5, 10, 5, 20}, Distinct: 2, Footprint: 30}
	var mu sync.Mutex
	var seen []string
	fake := func(_ context.Context, policy string, keys, sizes []uint32, capacity uint64) (storage.CacheHits, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(keys) != 4 || len(sizes) != 4 {
			t.Errorf("%d keys, %d sizes", len(keys), len(sizes))
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
	trace := &Trace{Keys: []uint32{0}, Distinct: 1, Footprint: 1}
	plan := Plan{Policies: []string{"a"}, Capacities: make([]uint64, 1000)}
	broken := errors.New("broken")
	var calls atomic.Int64
	_, err := replay(t.Context(), trace, plan, func(context.Context, string, []uint32, []uint32, uint64) (storage.CacheHits, error) {
		calls.Add(1)
		return storage.CacheHits{}, broken
	})
	if !errors.Is(err, broken) || calls.Load() == 1000 {
		t.Errorf("after a failure: %v, %d calls", err, calls.Load())
	}

	ctx, cancel := context.WithCancel(t.Context())
	calls.Store(0)
	_, err = replay(ctx, trace, plan, func(ctx context.Context, _ string, _, _ []uint32, _ uint64) (storage.CacheHits, error) {
		calls.Add(1)
		cancel()
		<-ctx.Done() // as a long replay would
		return storage.CacheHits{}, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || calls.Load() == 1000 {
		t.Errorf("after an interrupt: %v, %d calls", err, calls.Load())
	}
}
