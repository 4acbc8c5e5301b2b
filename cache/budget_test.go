package cache_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/mantisdb/mantisdb/cache"
)

// TestBudget fills a cache many times over with values of mixed sizes. What it holds never
// passes the budget by more than the entry that comes.
func TestBudget(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		const budget, largest = 8 << 20, 64 << 10
		c := open(t, cache.Options{Budget: budget})
		rng := rand.New(rand.NewPCG(1, 2))
		data := filler(largest, 1)
		for i := range scaled(40_000) {
			n := int(10 * (1 << rng.IntN(13)))
			ok(t, c.SetWith(number(rng.Uint64N(50_000)), data[:min(n, largest)], cache.EntryOptions{}))
			if i%100 == 0 {
				if s := stats(t, c); s.Bytes > budget+budget/50 || s.DataBytes > s.Bytes {
					t.Fatalf("after %d entries %d bytes are held, %d of them data, with a budget of %d", i, s.Bytes, s.DataBytes, budget)
				}
			}
		}
		s := stats(t, c)
		if s.Bytes < budget*3/4 || s.Evicted == 0 {
			t.Fatalf("the budget is hardly used: %+v", s)
		}
		const smaller = 1 << 20
		ok(t, c.Resize(smaller))
		if s := stats(t, c); s.DataBytes > smaller || s.Budget != smaller {
			t.Fatalf("after Resize: %+v", s)
		}
		eventually(t, "the memory is given back", func() bool { return stats(t, c).Bytes <= smaller+smaller/64 })
	})
}

func TestTooLarge(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{Budget: 1 << 20})
		set(t, c, "key", "old")
		wantErr(t, "Set", c.Set([]byte("key"), make([]byte, 1<<20)), cache.ErrTooLarge)
		wantAbsent(t, c, "key")
		_, err := c.SetIfAbsent([]byte("key"), make([]byte, 1<<20), cache.EntryOptions{})
		wantErr(t, "SetIfAbsent", err, cache.ErrTooLarge)
		set(t, c, "key", "old")
		wantErr(t, "Set", c.Set([]byte("key"), make([]byte, cache.MaxValueLen+1)), cache.ErrTooLarge)
		wantAbsent(t, c, "key")
		set(t, c, "half", string(filler(1<<19, 1)))
		wantValue(t, c, "half", string(filler(1<<19, 1)))
	})
}

// number is a key of 8 bytes.
func number(i uint64) []byte { return binary.BigEndian.AppendUint64(nil, i) }
