//go:build rust

package storage_test

import (
	"container/list"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// randomTrace has keys of which the first come far more often than the last.
func randomTrace(requests, keys int, sized bool) storage.CacheTrace {
	random := rand.New(rand.NewPCG(1, 2))
	trace := storage.CacheTrace{Keys: keys}
	for range requests {
		part := random.Float64()
		trace.Requests = append(trace.Requests, uint32(part*part*part*float64(keys)))
	}
	if sized {
		for range keys {
			trace.Sizes = append(trace.Sizes, 1+random.Uint64N(1000))
		}
	}
	return trace
}

// lruHits is what LRU has, done with a list.
func lruHits(trace storage.CacheTrace, capacity uint64) (hits storage.CacheHits) {
	used, order, places := uint64(0), list.New(), make(map[uint32]*list.Element)
	size := func(key uint32) uint64 {
		if trace.Sizes == nil {
			return 1
		}
		return trace.Sizes[key]
	}
	for _, key := range trace.Requests {
		if place := places[key]; place != nil {
			hits.Requests++
			hits.Bytes += size(key)
			order.MoveToFront(place)
			continue
		}
		if size(key) > capacity {
			continue
		}
		for used+size(key) > capacity {
			oldest := order.Remove(order.Back()).(uint32)
			used -= size(oldest)
			delete(places, oldest)
		}
		places[key] = order.PushFront(key)
		used += size(key)
	}
	return hits
}

// TestSimulateCache: LRU does what a plain one does, and nothing passes the bound.
func TestSimulateCache(t *testing.T) {
	policies, err := storage.CachePolicies()
	if err != nil || len(policies) < 3 || policies[len(policies)-1] != "belady" || !slices.Contains(policies, "lru") {
		t.Fatalf("policies are %v (%v)", policies, err)
	}
	for _, sized := range []bool{false, true} {
		trace := randomTrace(50_000, 2000, sized)
		for _, capacity := range []uint64{1, 50, 500, 2000, 20_000, 200_000} {
			hits := make(map[string]storage.CacheHits)
			var mu sync.Mutex
			var all sync.WaitGroup
			for _, policy := range policies {
				all.Go(func() { // as the caller of a sweep would
					seen, err := storage.SimulateCache(policy, trace, capacity)
					if err != nil {
						t.Errorf("%s at %d: %v", policy, capacity, err)
					}
					mu.Lock()
					defer mu.Unlock()
					hits[policy] = seen
				})
			}
			all.Wait()
			if want := lruHits(trace, capacity); hits["lru"] != want {
				t.Errorf("sized %v, lru at %d: %+v, want %+v", sized, capacity, hits["lru"], want)
			}
			bound := hits["belady"]
			for policy, seen := range hits {
				if seen.Requests > bound.Requests || seen.Bytes > bound.Bytes {
					t.Errorf("sized %v, %s at %d: %+v, the bound is %+v", sized, policy, capacity, seen, bound)
				}
			}
		}
	}
}

func TestSimulateCacheRefuses(t *testing.T) {
	good := storage.CacheTrace{Requests: []uint32{0, 1}, Keys: 2}
	for name, c := range map[string]struct {
		policy   string
		trace    storage.CacheTrace
		capacity uint64
	}{
		"no policy":        {"mru", good, 1},
		"no capacity":      {"lru", good, 0},
		"a key too much":   {"lru", storage.CacheTrace{Requests: []uint32{2}, Keys: 2}, 1},
		"a size too few":   {"lru", storage.CacheTrace{Requests: []uint32{0}, Keys: 2, Sizes: []uint64{1}}, 1},
		"a size of 0":      {"lru", storage.CacheTrace{Requests: []uint32{0}, Keys: 1, Sizes: []uint64{0}}, 1},
		"a size too large": {"lru", storage.CacheTrace{Requests: []uint32{0}, Keys: 1, Sizes: []uint64{1 << 32}}, 1},
	} {
		if _, err := storage.SimulateCache(c.policy, c.trace, c.capacity); !errors.Is(err, storage.ErrInvalidOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if hits, err := storage.SimulateCache("lru", storage.CacheTrace{}, 1); err != nil || hits.Requests != 0 {
		t.Errorf("no requests: %+v, %v", hits, err)
	}
}
