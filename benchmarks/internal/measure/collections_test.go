package measure

import (
	"math"
	"runtime"
	"runtime/metrics"
	"syscall"
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

// spin works until the process has used so much more, as the system's other count
// says, which is in hundredths of a second.
func spin() {
	for begin := ticks(); ticks()-begin < int64(work/(10*time.Millisecond)); {
		for range 100_000 {
			spun++
		}
	}
}

var spun int

func ticks() int64 {
	var used syscall.Tms
	if _, err := syscall.Times(&used); err != nil {
		panic(err)
	}
	return used.Utime + used.Stime
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

func TestProcessorTimeIsTheProcesses(t *testing.T) {
	busy := watched(t, func() {
		done := make(chan struct{})
		go func() { spin(); close(done) }() // another thread
		<-done
	})
	if least := float64(work - 20*time.Millisecond); busy.CPUNanos < least {
		t.Errorf("%.0f ns of processor time, want %.0f", busy.CPUNanos, least)
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
