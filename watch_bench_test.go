package mantisdb_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// BenchmarkOverwriteWatched is BenchmarkOverwrite while somebody watches everything and
// reads it as fast as it comes. What the reader missed, if it was too slow, is reported.
func BenchmarkOverwriteWatched(b *testing.B) {
	benchEngines(b, loadRing, func(b *testing.B, db *mantisdb.DB) {
		ctx, cancel := context.WithCancel(b.Context())
		var delivered, fellBehind atomic.Uint64
		done := make(chan struct{})
		watch, err := db.Watch(mantisdb.Range{}, 0)
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			defer close(done)
			for {
				_, err := watch.Next(ctx)
				switch {
				case err == nil:
					delivered.Add(1)
				case errors.Is(err, mantisdb.ErrWatchTooSlow):
					fellBehind.Add(1)
					watch.Close()
					if watch, err = db.Watch(mantisdb.Range{}, 0); err != nil {
						return
					}
				default:
					return
				}
			}
		}()
		random := rand.NewPCG(1, 3)
		key, value := newBenchKey(), make([]byte, benchValueLen)
		for b.Loop() {
			setBenchKey(key, randomBenchKey(random))
			if err := db.Put(key, value); err != nil {
				b.Fatal(err)
			}
		}
		reportRate(b, 1)
		b.ReportMetric(float64(delivered.Load())/b.Elapsed().Seconds(), "delivered/s")
		b.ReportMetric(float64(fellBehind.Load()), "too-slow")
		cancel()
		<-done
		watch.Close()
	})
}
