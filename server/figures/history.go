package figures

import (
	"context"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/internal/machine"
)

// sampleStep is the time between two samples.
const sampleStep = time.Second

// tiers are how far the history reaches back, and how finely: 15 minutes in steps of a
// second, two hours in steps of ten, and a day in steps of a minute. Each has a little more,
// so that it still has the sample before, when a request for all of it has come.
var tiers = [...]struct{ every, most int }{{1, 15*60 + 30}, {10, 2*60*6 + 3}, {60, 24*60 + 2}}

// History keeps samples of a server for a day. They are kept in rings that are allocated
// once, less than 3 MiB, so that it takes as much memory at the end as at the beginning. Its
// methods may be called from any number of goroutines.
type History struct {
	from     *Collector
	step     time.Duration
	watchman watchman // of the goroutine that takes samples
	warnings *warnings

	mu    sync.RWMutex
	rings [len(tiers)]ring
	taken int // samples, of which the ring of a tier has every so manieth
}

// NewHistory is a history of what a collector tells. It is empty until it is started.
func NewHistory(from *Collector) *History {
	return &History{from: from, step: sampleStep, warnings: newWarnings()}
}

// WithStep has the history take its samples faster or slower, for tests: all that it keeps
// becomes shorter or longer with the step. It is to be called before Start.
func (h *History) WithStep(step time.Duration) *History {
	h.step = step
	return h
}

// Start begins to take samples, and goes on until the returned function was called, which
// returns once no more are taken. It is to be called once.
func (h *History) Start() (stop func()) {
	h.allocate()
	h.watchman = watchman{dir: h.from.dir, machine: machine.MemoryBytes()}
	ctx, cancel := context.WithCancel(context.Background())
	h.take(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (h *History) run(ctx context.Context) {
	ticker := time.NewTicker(h.step)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			h.take(ctx)
		}
	}
}

// take takes a sample, unless the database does not answer: then there is a gap, and the
// next point tells by its span that it is about all of it.
func (h *History) take(ctx context.Context) {
	snapshot, err := h.from.Snapshot(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		h.warnings.set(silent(err))
		return
	}
	s := sampleOf(&snapshot)
	h.add(&s)
	h.warnings.set(h.watchman.look(&snapshot, &h.rings[0]))
}

func (h *History) add(s *sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, tier := range tiers {
		if h.taken%tier.every == 0 {
			h.rings[i].add(s)
		}
	}
	h.taken++
}

// allocate makes the rings.
func (h *History) allocate() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, tier := range tiers {
		h.rings[i].samples = make([]sample, tier.most)
	}
}

// Points are what the server did from a moment on, oldest first, at most so many of them,
// and one step between each and the next: the finest of which the history has all, and that
// needs no more points. Points of later calls are of the same moments. Those of which there
// is no history are left out.
func (h *History) Points(from time.Time, most int) (step time.Duration, points []Point) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	tier := 0
	for tier < len(tiers)-1 && !h.rings[tier].reaches(from) {
		tier++
	}
	r := &h.rings[tier]
	step = h.step * time.Duration(tiers[tier].every)
	stride := 1
	if begin, ok := r.firstFrom(from); ok && most > 0 {
		// A stride counts from the first sample of all, so that it always hits the same.
		stride = max(1, (r.added-begin+most-1)/most)
	}
	return step * time.Duration(stride), r.points(from, stride, most)
}

// Warnings are those of the newest sample, none before the first one, those that matter most
// first; and what is closed when there are others. They are not to be changed.
func (h *History) Warnings() (now []Warning, changed <-chan struct{}) { return h.warnings.get() }

// Newest is the newest point in the finest step; false before the second sample.
func (h *History) Newest() (Point, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	r := &h.rings[0]
	if r.added < 2 {
		return Point{}, false
	}
	return pointBetween(r.at(r.added-2), r.at(r.added-1)), true
}
