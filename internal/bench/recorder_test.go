package bench

import (
	"strings"
	"testing"
	"time"
)

func TestRecorderTimesOneOfEachInterval(t *testing.T) {
	for _, interval := range []uint64{1, 16, 64} {
		r := newRecorder(interval, 1, 2)
		const intervals = 1000
		offsets := map[uint64]int{}
		r.resume()
		for i := range intervals {
			timed := 0
			for offset := range interval {
				if r.due() {
					r.done()
					timed++
					offsets[offset]++
				}
			}
			if timed != 1 {
				t.Fatalf("interval %d: %d operations of the %d-th are timed", interval, timed, i)
			}
		}
		if got := r.histogram.TotalCount(); got != intervals {
			t.Errorf("interval %d: %d latencies, want %d", interval, got, intervals)
		}
		if len(offsets) != int(interval) {
			t.Errorf("interval %d: only offsets %v are timed", interval, offsets)
		}
	}
}

func TestRecorderSeesAStallOfAnyOperation(t *testing.T) {
	const stall = 5 * time.Millisecond
	for stalled := range 40 {
		r := newRecorder(16, 1, 2)
		r.resume()
		for i := range 40 {
			timed := r.due()
			if i == stalled {
				time.Sleep(stall)
			}
			if timed {
				r.done()
			}
		}
		r.pause()
		if r.longest < stall {
			t.Errorf("a stall of %v in operation %d shows as %v", stall, stalled, r.longest)
		}
	}
}

func TestRecorderLeavesPausesOut(t *testing.T) {
	const idle = 200 * time.Millisecond
	r := newRecorder(16, 1, 2)
	r.resume()
	r.pause()
	time.Sleep(idle)
	r.resume()
	r.pause()
	if r.longest >= idle {
		t.Errorf("the longest stretch is %v, a pause of %v counts", r.longest, idle)
	}
}

func TestRecorderClampsBeyondItsLimit(t *testing.T) {
	r := newRecorder(1, 1, 2)
	r.began = now() - 2*time.Duration(latencyLimit)
	r.done()
	if got := r.histogram.TotalCount(); got != 1 {
		t.Fatalf("%d latencies, want 1", got)
	}
	if r.longest < 2*time.Duration(latencyLimit) {
		t.Errorf("longest is %v", r.longest)
	}
}

func TestClockWarning(t *testing.T) {
	if cost := clockCost(); cost <= 0 || cost > time.Millisecond {
		t.Errorf("a look at the clock seems to take %v", cost)
	}
	if warning := clockWarning(30 * time.Nanosecond); warning != "" {
		t.Errorf("of a fast clock: %s", warning)
	}
	if warning := clockWarning(900 * time.Nanosecond); !strings.Contains(warning, "takes 900ns") {
		t.Errorf("of a slow clock: %q", warning)
	}
}
