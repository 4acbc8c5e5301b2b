package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// cache is a node's, of either system.
type cache interface {
	// get tells whether a key is there.
	get(ctx context.Context, key string) (bool, error)
	set(ctx context.Context, key string, value []byte) error
}

// beNode opens a node, has its clients work, tells its figures and waits to be killed.
func beNode(s *setting) error {
	ctx := context.Background()
	open := openMantis
	if s.System == olricAlone {
		open = openOlric
	}
	c, err := open(ctx, s)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // until all have all
	load(ctx, s, c, s.Warm)
	before := resources()
	f := load(ctx, s, c, s.Measure)
	after := resources()
	f.GCs, f.GCSeconds, f.CPUSeconds = after.GCs-before.GCs, after.GCSeconds-before.GCSeconds, after.CPUSeconds-before.CPUSeconds
	f.RSS = after.RSS
	if err := json.NewEncoder(os.Stdout).Encode(f); err != nil {
		return err
	}
	select {}
}

// load has clients work for a while.
func load(ctx context.Context, s *setting, c cache, d time.Duration) (f figures) {
	var gets, hits, sets, failed atomic.Int64
	var running sync.WaitGroup
	histograms := make([]*hdrhistogram.Histogram, s.Clients)
	began := time.Now()
	for i := range s.Clients {
		h := hdrhistogram.New(1, int64(time.Minute), 3)
		histograms[i] = h
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(s.Index), uint64(i)))
			zipf := rand.NewZipf(random, 1.01, 1, s.Keys-1)
			value := make([]byte, s.ValueLen)
			for time.Since(began) < d {
				key := "key/" + strconv.FormatUint(zipf.Uint64(), 10)
				start := time.Now()
				found, err := c.get(ctx, key)
				_ = h.RecordValue(int64(time.Since(start)))
				gets.Add(1)
				if err != nil {
					failed.Add(1)
					continue
				}
				if found {
					hits.Add(1)
					continue
				}
				sets.Add(1)
				if c.set(ctx, key, value) != nil {
					failed.Add(1)
				}
			}
		})
	}
	running.Wait()
	for _, h := range histograms[1:] {
		histograms[0].Merge(h)
	}
	return figures{
		Gets: gets.Load(), Hits: hits.Load(), Sets: sets.Load(), Failed: failed.Load(),
		P99: time.Duration(histograms[0].ValueAtQuantile(99)), Seconds: time.Since(began).Seconds(),
	}
}

// resources are what the process has taken so far.
func resources() (f figures) {
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(samples)
	f.GCs = int64(samples[0].Value.Uint64())
	f.GCSeconds = samples[1].Value.Float64()
	f.CPUSeconds = samples[2].Value.Float64() - samples[3].Value.Float64()
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kib int64
			_, _ = fmt.Sscan(rest, &kib)
			f.RSS = kib << 10
		}
	}
	return f
}
