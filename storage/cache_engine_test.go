//go:build rust

package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/storage"
	"github.com/mantisdb/mantisdb/storage/storagetest"
)

// TestCacheEngine holds the cache, while it is not full, to the same contract.
func TestCacheEngine(t *testing.T) {
	storagetest.Run(t, func(t testing.TB, dir string) storage.Engine {
		t.Helper()
		if dir != "" {
			t.Skip("a cache has no directory")
		}
		return openCache(t, 1<<30)
	})
}

func openCache(t testing.TB, limit uint64) storage.Engine {
	t.Helper()
	e, err := storage.Open(storage.Config{Engine: storage.EngineCache, MemoryLimit: limit, Pinned: []byte("pinned/")})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCacheKeepsItsLimit(t *testing.T) {
	const limit = 16 << 20
	e := openCache(t, limit)
	defer e.Close()
	if _, err := e.Put([]byte("pinned/1"), []byte("stays"), storage.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var most, slowest atomic.Uint64
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			value := make([]byte, 1<<20)
			for range 2000 {
				key := fmt.Appendf(nil, "%08d", random.IntN(100_000))
				value := value[:min(10<<random.IntN(17)+random.IntN(100), len(value))]
				began := time.Now()
				if _, err := e.Put(key, value, storage.WriteOptions{}); err != nil {
					t.Error(err)
					return
				}
				raise(&slowest, uint64(time.Since(began)))
				stats, err := e.Stats()
				if err != nil {
					t.Error(err)
					return
				}
				raise(&most, stats.MemoryBytes)
			}
		})
	}
	writers.Wait()
	stats, err := e.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if most.Load() > limit/100*102 || stats.MemoryLimit != limit || stats.Evicted == 0 {
		t.Errorf("at most %d bytes of %d, %d entries left", most.Load(), stats.MemoryLimit, stats.Evicted)
	}
	t.Logf("at most %d bytes; the slowest write took %v", most.Load(), time.Duration(slowest.Load()))
	if value, err := e.AppendGet(nil, []byte("pinned/1")); err != nil || !bytes.Equal(value, []byte("stays")) {
		t.Errorf("what is pinned: %q, %v", value, err)
	}
}

func raise(most *atomic.Uint64, n uint64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}

func TestCacheRefusesWhatItHasNoRoomFor(t *testing.T) {
	e := openCache(t, storage.MinMemoryLimit)
	defer e.Close()
	_, err := e.Put([]byte("k"), make([]byte, 32<<20), storage.WriteOptions{})
	if !errors.Is(err, storage.ErrOverMemoryLimit) {
		t.Errorf("a value of twice the limit: %v", err)
	}
}

func TestCacheOptions(t *testing.T) {
	e, err := storage.Open(storage.Config{Engine: storage.EngineCache})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if stats, err := e.Stats(); err != nil || stats.MemoryLimit != storage.DefaultCacheLimit || stats.Engine != storage.EngineCache {
		t.Errorf("%+v, %v", stats, err)
	}
	for _, c := range []storage.Config{
		{Engine: storage.EngineCache, Dir: t.TempDir()},
		{Engine: storage.EngineCache, MemoryLimit: storage.MinMemoryLimit - 1},
		{Engine: storage.EngineCache, Pinned: make([]byte, 17)},
	} {
		if e, err := storage.Open(c); !errors.Is(err, storage.ErrInvalidOptions) {
			t.Errorf("%+v: %v, %v", c, e, err)
		}
	}
}
