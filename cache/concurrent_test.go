package cache_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// TestConcurrency does everything at once in a small cache. A value says whose it is, and
// is never torn.
func TestConcurrency(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{Budget: 512 << 10, Ordered: true, OnEvict: func(e cache.Eviction) {
			checkSealed(t, e.Key, e.Value)
		}})
		var workers sync.WaitGroup
		for w := range 8 {
			workers.Go(func() {
				u := user{t, c, rand.New(rand.NewPCG(uint64(w), 1))}
				for range scaled(10_000) {
					u.step()
				}
			})
		}
		workers.Wait()
		wantWithin(t, c, 512<<10)
	})
}

type user struct {
	t   *testing.T
	c   *cache.Cache
	rng *rand.Rand
}

func (u *user) step() {
	key := fmt.Appendf(nil, "%02d/%03d", u.rng.IntN(20), u.rng.IntN(100))
	switch n := u.rng.IntN(1000); {
	case n < 400:
		u.check(key)
	case n < 450:
		u.checkMany(key, []byte("none"), key)
	case n < 800:
		o := cache.EntryOptions{Tags: []string{string(key[:2]), string(key[3:])}}
		u.must(u.c.SetWith(key, sealed(key, u.rng), o))
	case n < 900:
		o := cache.EntryOptions{TTL: time.Duration(1+u.rng.IntN(20)) * time.Millisecond}
		_, err := u.c.SetIfAbsent(key, sealed(key, u.rng), o)
		u.must(err)
	case n < 950:
		_, err := u.c.Delete(key)
		u.must(err)
	case n < 970:
		_, err := u.c.DeletePrefix(key[:3])
		u.must(err)
	case n < 990:
		_, err := u.c.DeleteTag(string(key[3:]))
		u.must(err)
	case n < 995:
		u.must(u.c.Resize(uint64(256+u.rng.IntN(256)) << 10))
	case n < 996:
		_, err := u.c.Clear()
		u.must(err)
	default:
		_, err := u.c.Stats()
		u.must(err)
	}
}

func (u *user) must(err error) {
	if err != nil {
		u.t.Error(err)
	}
}

func (u *user) check(key []byte) {
	value, err := u.c.Get(key)
	if errors.Is(err, cache.ErrNotFound) {
		return
	}
	u.must(err)
	checkSealed(u.t, key, value)
}

func (u *user) checkMany(keys ...[]byte) {
	values, err := u.c.GetMany(keys...)
	u.must(err)
	for i, value := range values {
		if value != nil {
			checkSealed(u.t, keys[i], value)
		}
	}
}

// sealed is a value that depends on its key and can be checked.
func sealed(key []byte, rng *rand.Rand) []byte {
	seed := rng.Uint64()
	value := binary.LittleEndian.AppendUint64(bytes.Clone(key), seed)
	return append(value, filler(rng.IntN(2000), seed)...)
}

func checkSealed(t testing.TB, key, value []byte) {
	if len(value) < len(key)+8 || !bytes.HasPrefix(value, key) {
		t.Errorf("%q has %s, which is another's", key, show(value))
		return
	}
	body := value[len(key)+8:]
	seed := binary.LittleEndian.Uint64(value[len(key):])
	if !bytes.Equal(body, filler(len(body), seed)) {
		t.Errorf("%q has a torn value", key)
	}
}

func wantWithin(t testing.TB, c *cache.Cache, budget uint64) {
	t.Helper()
	if s := stats(t, c); s.Bytes > budget+budget/64 {
		t.Fatalf("%d bytes are held with a budget of %d", s.Bytes, budget)
	}
}

// TestCloseAtOnce closes while others use the cache.
func TestCloseAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		for range scaled(20) {
			c := open(t, cache.Options{Budget: cache.MinBudget, OnEvict: func(cache.Eviction) {}})
			var workers sync.WaitGroup
			for w := range 4 {
				workers.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(w), 2))
					for {
						key := fmt.Appendf(nil, "%03d", rng.IntN(500))
						if err := c.Set(key, sealed(key, rng)); err != nil {
							wantClosed(t, err)
							return
						}
						if _, err := c.Get(key); err != nil && !errors.Is(err, cache.ErrNotFound) {
							wantClosed(t, err)
							return
						}
					}
				})
			}
			time.Sleep(5 * time.Millisecond)
			ok(t, c.Close())
			workers.Wait()
		}
	})
}

func wantClosed(t testing.TB, err error) {
	if !errors.Is(err, cache.ErrClosed) {
		t.Errorf("got error %v, want ErrClosed", err)
	}
}
