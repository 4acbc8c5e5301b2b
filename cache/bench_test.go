package cache_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// BenchmarkCache is a loop of a cache-aside program on each core: a read of a key by a
// Zipf distribution, and a write after a miss; or a write at once, so often as the name
// says. The cache holds a tenth of the keys. It reports the hit ratio, and what a
// collection takes of the program's time with that many objects.
func BenchmarkCache(b *testing.B) {
	for _, engine := range []string{cache.EngineGo, cache.EngineRust} {
		for _, writes := range []int{0, 25} {
			b.Run(fmt.Sprintf("%s/writes=%d%%", engine, writes), func(b *testing.B) { benchmark(b, engine, writes) })
		}
	}
}

const benchKeys, benchValue = 1_000_000, 100

func benchmark(b *testing.B, engine string, writes int) {
	skipUnlessBuilt(b, engine)
	c := openerOf(engine)(b, cache.Options{Budget: benchKeys / 10 * (benchValue + 72)})
	value := filler(benchValue, 1)
	zipf := func() *rand.Zipf { return rand.NewZipf(rand.New(rand.NewPCG(rand.Uint64(), 1)), 1.01, 1, benchKeys-1) }
	draws := zipf()
	for range benchKeys / 2 { // warm
		ok(b, c.Set(number(draws.Uint64()), value))
	}
	before := stats(b, c)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		keys := make([][]byte, 1<<16)
		draws := zipf()
		for i := range keys {
			keys[i] = number(draws.Uint64())
		}
		buf, i := make([]byte, 0, 1024), rand.IntN(len(keys))
		for pb.Next() {
			i++
			key := keys[i%len(keys)]
			var err error
			if i%100 < writes {
				err = c.Set(key, value)
			} else if buf, err = c.AppendGet(buf[:0], key); errors.Is(err, cache.ErrNotFound) {
				err = c.Set(key, value)
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	after := stats(b, c)
	hits, misses := after.Hits-before.Hits, after.Misses-before.Misses
	b.ReportMetric(float64(hits)/float64(hits+misses), "hits/read")
	began := time.Now()
	runtime.GC()
	b.ReportMetric(float64(time.Since(began).Microseconds()), "µs/collection")
	ok(b, c.Close())
}
