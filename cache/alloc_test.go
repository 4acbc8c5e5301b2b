package cache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// TestNoAllocations holds reads to allocating nothing, and in the Rust engine writes too.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, engine := range []string{cache.EngineGo, cache.EngineRust} {
		t.Run(engine, func(t *testing.T) { // not in parallel: it counts for the process
			skipUnlessBuilt(t, engine)
			wantNoAllocations(t, openerOf(engine)(t, cache.Options{Budget: 16 << 20}))
		})
	}
}

func wantNoAllocations(t *testing.T, c *cache.Cache) {
	key, absent, value := []byte("a key of more than 32 bytes, so that it would show"), []byte("absent"), filler(1000, 1)
	keys := [][]byte{key, absent, key}
	tags := []string{"one", "two"}
	buf := make([]byte, 0, 2000)
	var out cache.Values
	load := mustNotLoad(t)
	ok(t, c.Set(key, value))
	reads := map[string]func() error{
		"AppendGet": func() (err error) { buf, err = c.AppendGet(buf[:0], key); return err },
		"AppendGet of nothing": func() error {
			_, err := c.AppendGet(buf[:0], absent)
			if errors.Is(err, cache.ErrNotFound) {
				return nil
			}
			return errors.New("found what is absent")
		},
		"Has":         func() error { _, err := c.Has(key); return err },
		"GetManyInto": func() error { return c.GetManyInto(&out, keys) },
		"AppendGetOrLoad": func() (err error) {
			buf, err = c.AppendGetOrLoad(context.Background(), buf[:0], key, load)
			return err
		},
		"Delete of nothing": func() error { _, err := c.Delete(absent); return err },
	}
	writes := map[string]func() error{
		"Set":    func() error { return c.Set(key, value) },
		"SetTTL": func() error { return c.SetTTL(key, value, time.Hour) },
		"SetWith tags": func() error {
			return c.SetWith(key, value, cache.EntryOptions{Tags: tags})
		},
		"SetIfAbsent": func() error { _, err := c.SetIfAbsent(key, value, cache.EntryOptions{}); return err },
	}
	if c.Engine() == cache.EngineGo {
		writes = nil // its entries are in Go's heap
	}
	for _, calls := range []map[string]func() error{reads, writes} {
		for what, call := range calls {
			var failed error
			if n := testing.AllocsPerRun(1000, func() { failed = errors.Join(failed, call()) }); n != 0 {
				t.Errorf("%s allocates %v times a call", what, n)
			}
			ok(t, failed)
		}
	}
}
