package measure

import (
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

var sink []byte

// watched is the record of what do does.
func watched(t *testing.T, do func()) (r Record) {
	t.Helper()
	w, err := StartWatch()
	if err != nil {
		t.Fatal(err)
	}
	do()
	r.Ops = 1
	if err := w.Finish(&r, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return r
}

// work is what spin uses of the processor, whatever else runs.
const work = 100 * time.Millisecond

func spin() {
	begin, err := processorTime()
	for now := begin; err == nil && now < begin+work; now, err = processorTime() {
	}
}

// Garbage is told from work without any, although a collection is forced after
// both.
func TestCollectorsShareIsThePhasesOwn(t *testing.T) {
	heap := make([]*[64]byte, 200_000) // makes each collection dear
	for i := range heap {
		heap[i] = new([64]byte)
	}
	quiet := watched(t, spin)
	if share := *quiet.GCCPUShare; share > 0.1 || *quiet.GCPauseMax != 0 {
		t.Errorf("a phase without garbage: a share of %f, a pause of %d ns", share, *quiet.GCPauseMax)
	}
	busy := watched(t, func() {
		for end := time.Now().Add(2 * work); time.Now().Before(end); {
			for range 1000 {
				sink = make([]byte, 10_000)
			}
			runtime.GC()
		}
	})
	if share := *busy.GCCPUShare; share < 0.2 || share > 1 || *busy.GCPauseMax == 0 {
		t.Errorf("a phase of collections: a share of %f, a pause of %d ns", share, *busy.GCPauseMax)
	}
	runtime.KeepAlive(heap)
}

func TestProcessorTimeIsThatOfAllThreads(t *testing.T) {
	both := watched(t, func() {
		done := make(chan struct{})
		go func() { spin(); close(done) }()
		spin()
		<-done
	})
	if both.CPUNanos < float64(work) {
		t.Errorf("%.0f ns of processor time, more were used", both.CPUNanos)
	}
	if idle := watched(t, func() { time.Sleep(work) }); idle.CPUNanos > float64(work)/2 {
		t.Errorf("%.0f ns of processor time in a sleep", idle.CPUNanos)
	}
}

func TestLongestPause(t *testing.T) {
	now := &metrics.Float64Histogram{Counts: []uint64{5, 3, 1}, Buckets: []float64{0, 1e-6, 1e-3, math.Inf(1)}}
	for _, c := range []struct {
		before []uint64
		want   int64
	}{
		{[]uint64{5, 3, 1}, 0},
		{[]uint64{4, 3, 1}, 1e3},
		{[]uint64{4, 2, 1}, 1e6},
		{[]uint64{5, 3, 0}, 1e6}, // the last bucket has no upper end
	} {
		if got := longestSince(c.before, now); got != c.want {
			t.Errorf("%v: %d ns, want %d", c.before, got, c.want)
		}
	}
}
