package cache_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// patience is how long a test waits for what must happen in the end.
const patience = 30 * time.Second

// opener makes a cache and closes it after the test. Without a budget it has 1 MiB.
type opener func(t testing.TB, o cache.Options) *cache.Cache

// eachEngine holds every engine of the build to a test.
func eachEngine(t *testing.T, test func(t *testing.T, open opener)) {
	for _, engine := range []string{cache.EngineGo, cache.EngineRust} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			skipUnlessBuilt(t, engine)
			test(t, openerOf(engine))
		})
	}
}

func openerOf(engine string) opener {
	return func(t testing.TB, o cache.Options) *cache.Cache {
		t.Helper()
		o.Engine = engine
		if o.Budget == 0 {
			o.Budget = 1 << 20
		}
		c, err := cache.New(o)
		ok(t, err)
		t.Cleanup(func() { ok(t, c.Close()) })
		return c
	}
}

func skipUnlessBuilt(t testing.TB, engine string) {
	t.Helper()
	c, err := cache.New(cache.Options{Engine: engine, Budget: cache.MinBudget})
	if errors.Is(err, cache.ErrEngineNotBuilt) {
		t.Skip(err)
	}
	ok(t, err)
	ok(t, c.Close())
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

func set(t testing.TB, c *cache.Cache, key, value string, tags ...string) {
	t.Helper()
	ok(t, c.SetWith([]byte(key), []byte(value), cache.EntryOptions{Tags: tags}))
}

// wantValue holds every way of reading a key to one value.
func wantValue(t testing.TB, c *cache.Cache, key, value string) {
	t.Helper()
	if got, err := c.Get([]byte(key)); err != nil || string(got) != value {
		t.Fatalf("Get(%s) = %s, %v, want %s", show(key), show(got), err, show(value))
	}
	if got, err := c.AppendGet([]byte("dst"), []byte(key)); err != nil || string(got) != "dst"+value {
		t.Fatalf("AppendGet(%s) = %s, %v, want dst and %s", show(key), show(got), err, show(value))
	}
	if has, err := c.Has([]byte(key)); err != nil || !has {
		t.Fatalf("Has(%s) = %v, %v, want true", show(key), has, err)
	}
	many, err := c.GetMany([]byte(key), []byte(key))
	if err != nil || many[0] == nil || string(many[0]) != value || string(many[1]) != value {
		t.Fatalf("GetMany(%s twice) = %q, %v, want %s", show(key), many, err, show(value))
	}
}

// wantAbsent holds every way of reading a key to its absence.
func wantAbsent(t testing.TB, c *cache.Cache, key string) {
	t.Helper()
	got, err := c.AppendGet([]byte("dst"), []byte(key))
	if !errors.Is(err, cache.ErrNotFound) || string(got) != "dst" {
		t.Fatalf("AppendGet(%s) = %s, %v, want dst unchanged and ErrNotFound", show(key), show(got), err)
	}
	if has, err := c.Has([]byte(key)); err != nil || has {
		t.Fatalf("Has(%s) = %v, %v, want false", show(key), has, err)
	}
	if many, err := c.GetMany([]byte(key)); err != nil || len(many) != 1 || many[0] != nil {
		t.Fatalf("GetMany(%s) = %q, %v, want it missing", show(key), many, err)
	}
}

func stats(t testing.TB, c *cache.Cache) cache.Stats {
	t.Helper()
	s, err := c.Stats()
	ok(t, err)
	return s
}

// eventually waits until condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// filler is n bytes that depend on seed, so that mixed-up values are noticed.
func filler(n int, seed uint64) []byte {
	p := make([]byte, 0, n+8)
	for len(p) < n {
		seed = seed*6364136223846793005 + 1442695040888963407
		p = binary.LittleEndian.AppendUint64(p, seed^seed>>32)
	}
	return p[:n:n]
}

// show prints a long byte string shortly.
func show[T string | []byte](p T) string {
	if len(p) > 40 {
		return fmt.Sprintf("%q… (%d bytes)", string(p[:32]), len(p))
	}
	return fmt.Sprintf("%q", string(p))
}

// scaled is n repetitions, less with -short or under the race detector.
func scaled(n int) int {
	switch {
	case testing.Short():
		n /= 10
	case raceEnabled:
		n /= 4
	}
	return max(1, n)
}
