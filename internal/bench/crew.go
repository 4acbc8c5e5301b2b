package bench

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// crew is the workers of one run of a workload.
type crew struct {
	workload *workload
	workers  []*worker
	stop     atomic.Bool
	limit    time.Duration // of time; 0 if the number of operations is given
	total    uint64        // operations to do; out of reach if time is given
	faults   faults        // once all workers are done

	began    atomic.Int64 // as a time of now; 0 before
	finished time.Duration
	cpu      time.Duration // spent by the process between the two
}

// newCrew makes the workers of the suite's workload of that index.
func newCrew(w *workload, s *suite, index uint64) *crew {
	c := &crew{workload: w, total: s.level.Keys}
	if w.timed {
		c.limit, c.total = s.level.ThroughputTime, math.MaxUint64
	}
	// Each has a key of its own to overwrite.
	n := min(uint64(w.workers()), s.level.Keys)
	for id := range n {
		// A stream of random numbers for each worker of each workload.
		stream := index<<32 | id
		worker := &worker{
			store:    s.store,
			ledger:   s.ledger,
			recorder: newRecorder(w.interval, s.seed, ^stream),
			quota:    share(c.total, id, n),
			yields:   n > uint64(runtime.GOMAXPROCS(0)),
			stop:     &c.stop,
			key:      make([]byte, keyLen),
			value:    make([]byte, valueLen),
			read:     make([]byte, 0, valueLen),
		}
		worker.random.Seed(s.seed, stream)
		if w.overwrites {
			worker.overwriter = newOverwriter(s.ledger, id, n, &worker.random)
		}
		c.workers = append(c.workers, worker)
	}
	return c
}

// share is how much of total the i-th of n gets; the first get the remainder.
func share(total, i, n uint64) uint64 {
	if i < total%n {
		return total/n + 1
	}
	return total / n
}

// halt makes the workers end early.
func (c *crew) halt() { c.stop.Store(true) }

// perform lets all workers go at once and waits until they are done.
func (c *crew) perform() {
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	ready.Add(len(c.workers))
	for _, worker := range c.workers {
		done.Go(func() {
			ready.Done()
			<-start
			worker.run(c.workload.work)
		})
	}
	ready.Wait()
	if c.limit > 0 {
		defer time.AfterFunc(c.limit, c.halt).Stop()
	}
	cpu := cpuTime()
	c.began.Store(int64(now()))
	close(start)
	done.Wait()
	c.finished = now()
	c.cpu = cpuTime() - cpu
	for _, worker := range c.workers {
		c.faults.merge(&worker.faults)
	}
}

// state is what part of the work is done, and how many operations. It may be
// asked while the workers work.
func (c *crew) state() (part float64, operations uint64) {
	for _, worker := range c.workers {
		operations += worker.published.Load()
	}
	if c.limit == 0 {
		return float64(operations) / float64(c.total), operations
	}
	if began := c.began.Load(); began > 0 {
		part = float64(now()-time.Duration(began)) / float64(c.limit)
	}
	return min(part, 1), operations
}

// overwriters are what the workers have overwritten, for the ledger.
func (c *crew) overwriters() []overwriter {
	if !c.workload.overwrites {
		return nil
	}
	round := make([]overwriter, len(c.workers))
	for i, worker := range c.workers {
		round[i] = worker.overwriter
	}
	return round
}

// result is what the crew has measured; errors are for later.
func (c *crew) result() Result {
	histogram := hdrhistogram.New(1, latencyLimit, latencyDigits)
	var operations uint64
	var longest time.Duration
	for _, worker := range c.workers {
		operations += worker.operations
		longest = max(longest, worker.recorder.longest)
		histogram.Merge(worker.recorder.histogram)
	}
	quantile := func(percent float64) float64 {
		// The histogram rounds up, at most by its precision.
		return micros(min(time.Duration(histogram.ValueAtPercentile(percent)), longest))
	}
	elapsed := c.finished - time.Duration(c.began.Load())
	return Result{
		Name:          c.workload.name,
		Operations:    operations,
		Seconds:       elapsed.Seconds(),
		OpsPerSecond:  float64(operations) / elapsed.Seconds(),
		P50Micros:     quantile(50),
		P99Micros:     quantile(99),
		P999Micros:    quantile(99.9),
		MaxMicros:     micros(longest),
		Goroutines:    len(c.workers),
		TimedInterval: c.workload.interval,
		CPUSeconds:    c.cpu.Seconds(),
	}
}
