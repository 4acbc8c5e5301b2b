package cache_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/mantisdb/mantisdb/cache"
)

// TestGoEngineOverhead holds what the Go engine counts to what Go's heap says: never much
// less, and not far more, but for entries whose tags others have too; a tag is counted as
// if it were one entry's alone.
func TestGoEngineOverhead(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has a heap of its own")
	}
	for _, ordered := range []bool{false, true} {
		for _, tags := range []string{"none", "shared", "own"} {
			for _, size := range []int{16, 100, 1000} {
				t.Run(fmt.Sprintf("ordered %v, %s tags, %d bytes", ordered, tags, size), func(t *testing.T) {
					const budget = 32 << 20
					before := heap()
					c := openerOf(cache.EngineGo)(t, cache.Options{Budget: budget, Ordered: ordered})
					for i := uint64(0); stats(t, c).Evicted == 0; i++ {
						ok(t, c.SetWith(number(i), filler(size, i), cache.EntryOptions{Tags: tagsOf(tags, i)}))
					}
					counted := float64(stats(t, c).Bytes)
					taken := float64(heap() - before)
					t.Logf("%d entries: %.1f MiB counted, %.1f MiB taken, %.0f B too few each", stats(t, c).Entries,
						counted/(1<<20), taken/(1<<20), (taken-counted)/float64(stats(t, c).Entries))
					if taken > counted*1.05 || taken < counted*0.8 && tags != "shared" {
						t.Errorf("%.0f bytes are counted, %.0f are taken", counted, taken)
					}
					ok(t, c.Close())
				})
			}
		}
	}
}

func tagsOf(kind string, i uint64) []string {
	switch kind {
	case "shared":
		return []string{fmt.Sprint("a tag of some bytes ", i%100)}
	case "own":
		return []string{fmt.Sprint("a tag of some bytes ", i)}
	}
	return nil
}

// heap is the bytes of Go's heap that are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestGoEngineIndexForgets: what left for whatever reason is in no index any more.
func TestGoEngineIndexForgets(t *testing.T) {
	c := openerOf(cache.EngineGo)(t, cache.Options{Budget: cache.MinBudget, Ordered: true})
	for i := range uint64(5000) {
		o := cache.EntryOptions{Tags: []string{fmt.Sprint(i % 100), "all"}}
		ok(t, c.SetWith(number(i%700), filler(10, i), o))
		_, err := c.SetIfAbsent(number(i%900), nil, o)
		ok(t, err)
		if i%10 == 0 {
			_, err = c.Delete(number(i % 300))
			ok(t, err)
		}
	}
	eventually(t, "the keys of the entries are indexed, and no others", func() bool {
		_, keys := cache.Indexed(c)
		s := stats(t, c)
		return s.Evicted > 0 && keys == int(s.Entries)
	})
	_, err := c.Clear()
	ok(t, err)
	if tags, keys := cache.Indexed(c); tags != 0 || keys != 0 {
		t.Fatalf("%d tags and %d keys are indexed in an empty cache", tags, keys)
	}
}
