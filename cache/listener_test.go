package cache_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// journal is what a listener was told.
type journal struct {
	mu   sync.Mutex
	told []string
}

func (j *journal) tell(e cache.Eviction) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.told = append(j.told, fmt.Sprintf("%s=%s %s", e.Key, e.Value, e.Cause))
}

// counts is how often each was told.
func (j *journal) counts() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	counts := make(map[string]int)
	for _, what := range j.told {
		counts[what]++
	}
	return counts
}

func TestListener(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		var j journal
		c := open(t, cache.Options{OnEvict: j.tell})
		set(t, c, "replaced", "1")
		set(t, c, "replaced", "2")
		set(t, c, "removed", "1")
		_, err := c.Delete([]byte("removed"))
		ok(t, err)
		set(t, c, "tagged", "1", "tag")
		wantDeleted(t, 1)(c.DeleteTag("tag"))
		set(t, c, "prefix/1", "1")
		wantDeleted(t, 1)(c.DeletePrefix([]byte("prefix/")))
		ok(t, c.SetTTL([]byte("expired"), []byte("1"), time.Minute))
		cache.Step(c, time.Hour)
		want := map[string]int{
			"replaced=1 replaced":    1,
			"removed=1 removed":      1,
			"tagged=1 invalidated":   1,
			"prefix/1=1 invalidated": 1,
			"expired=1 expired":      1,
		}
		eventually(t, "the listener is told", func() bool { return maps.Equal(j.counts(), want) })
		wantDeleted(t, 1)(c.Clear())
		want["replaced=2 invalidated"] = 1
		eventually(t, "the listener is told of Clear", func() bool { return maps.Equal(j.counts(), want) })
		set(t, c, "stays", "1")
		ok(t, c.Close())
		if got := j.counts(); !maps.Equal(got, want) {
			t.Fatalf("after Close: %v, want %v", got, want)
		}
	})
}

// TestListenerHearsAll: what came and is not there any more was told of, once.
func TestListenerHearsAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		var mu sync.Mutex
		gone := make(map[string]int)
		c := open(t, cache.Options{Budget: 512 << 10, OnEvict: func(e cache.Eviction) {
			mu.Lock()
			defer mu.Unlock()
			if e.Cause != cache.CauseCapacity || string(e.Value) != string(e.Key)+"'s value" {
				t.Errorf("told of %q = %q, %v", e.Key, e.Value, e.Cause)
			}
			gone[string(e.Key)]++
		}})
		const n = 20_000
		for i := range n {
			key := fmt.Sprint("key ", i)
			set(t, c, key, key+"'s value")
		}
		eventually(t, "each is there, or was told of once", func() bool {
			mu.Lock()
			defer mu.Unlock()
			for i := range n {
				key := fmt.Sprint("key ", i)
				if gone[key] > 1 {
					t.Fatalf("%s was told of %d times", key, gone[key])
				}
				has, err := c.Has([]byte(key))
				ok(t, err)
				if has == (gone[key] == 1) {
					return false
				}
			}
			return len(gone) > 0
		})
	})
}

// TestListenerMayUseTheCache: it holds no lock.
func TestListenerMayUseTheCache(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		var c *cache.Cache
		ready := make(chan struct{})
		c = open(t, cache.Options{OnEvict: func(e cache.Eviction) {
			<-ready
			if e.Cause == cache.CauseRemoved {
				_ = c.Set(append([]byte("was "), e.Key...), e.Value)
			}
		}})
		close(ready)
		for i := range 100 {
			key := fmt.Sprint(i)
			set(t, c, key, key)
			_, err := c.Delete([]byte(key))
			ok(t, err)
		}
		eventually(t, "the listener has stored what left", func() bool {
			has, err := c.Has([]byte("was 99"))
			return err == nil && has
		})
		wantValue(t, c, "was 17", "17")
	})
}
