package figures

import (
	"testing"
	"time"
	"unsafe"
)

// began is when the histories of these tests begin.
var began = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// historyOf is a history of so many seconds, in each of which 10 gets were done, and calls
// of Redis of which 99 took 100 ns and one a millisecond.
func historyOf(seconds int) *History {
	h := NewHistory(nil)
	h.allocate()
	var s sample
	for i := range seconds + 1 {
		s.at = began.Add(time.Duration(i) * time.Second)
		h.add(&s)
		s.counts[gets] += 10
		s.redis[bucketOf(100)] += 99
		s.redis[bucketOf(time.Millisecond)]++
		s.gauges.clients = i + 1
	}
	return h
}

func TestPointsAreOfTheStepAskedFor(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		seconds    int           // of history
		back       time.Duration // that is asked for
		most       int
		step       time.Duration
		points     int
		begin, end time.Duration // of what they cover, from the newest sample back
	}{
		{10, 15 * time.Minute, 300, time.Second, 10, 10 * time.Second, 0},
		{100, 10 * time.Second, 300, time.Second, 10, 10 * time.Second, 0},
		{3600, 15 * time.Minute, 900, time.Second, 900, 15 * time.Minute, 0},
		{3600, 15 * time.Minute, 300, 3 * time.Second, 300, 15 * time.Minute, 0},
		{3600, 30 * time.Minute, 2000, 10 * time.Second, 180, 30 * time.Minute, 0},
		{3600, time.Hour, 90, 40 * time.Second, 90, time.Hour, 0},
		{2 * 86400, day, 2000, time.Minute, 1440, day, 0},
		{2 * 86400, day, 240, 6 * time.Minute, 240, day, 0},
		{2 * 86400, 40 * day, 2000, time.Minute, 1441, day + time.Minute, 0},
		{100, -time.Second, 300, time.Second, 0, 0, 0},
		{0, time.Hour, 300, time.Second, 0, 0, 0},
	} {
		h := historyOf(c.seconds)
		newest := began.Add(time.Duration(c.seconds) * time.Second)
		step, points := h.Points(newest.Add(-c.back), c.most)
		if step != c.step || len(points) != c.points {
			t.Errorf("%+v: %d points of %v", c, len(points), step)
			continue
		}
		if len(points) == 0 {
			continue
		}
		first, last := &points[0], &points[len(points)-1]
		if begin := newest.Sub(first.Time.Add(-first.Span)); begin != c.begin || newest.Sub(last.Time) != c.end {
			t.Errorf("%+v: from %v to %v", c, begin, newest.Sub(last.Time))
		}
		for _, p := range points {
			if p.Span != step || p.Ops.Get != 10 || p.RedisCommands != 0 {
				t.Fatalf("%+v: %+v", c, p)
			}
		}
	}
}

// TestLaterPointsAreOfTheSameMoments: so that a picture does not flicker.
func TestLaterPointsAreOfTheSameMoments(t *testing.T) {
	times := func(seconds int) map[time.Time]bool {
		_, points := historyOf(seconds).Points(began.Add(time.Duration(seconds)*time.Second-15*time.Minute), 300)
		found := map[time.Time]bool{}
		for _, p := range points {
			found[p.Time] = true
		}
		return found
	}
	before, shared := times(5000), 0
	for at := range times(5007) {
		if before[at] {
			shared++
		}
	}
	if shared < 295 {
		t.Errorf("%d of 300 points are of the same moments", shared)
	}
}

// TestAPointBeginsAtASampleThatIsKept: one whose beginning was overwritten is left out.
func TestAPointBeginsAtASampleThatIsKept(t *testing.T) {
	r := ring{samples: make([]sample, 5)}
	for i := range 8 {
		r.add(&sample{at: began.Add(time.Duration(i) * time.Second)})
	}
	points := r.points(time.Time{}, 2, 10) // samples 3 to 7 are kept
	if len(points) != 1 || points[0].Span != 2*time.Second || !points[0].Time.Equal(began.Add(6*time.Second)) {
		t.Errorf("%+v", points)
	}
}

// TestCoarsePercentilesAreExact: a day's percentile is of all calls, and not a mean of means.
func TestCoarsePercentilesAreExact(t *testing.T) {
	h := historyOf(7200)
	for _, most := range []int{2000, 12} {
		_, points := h.Points(began, most)
		for _, p := range points {
			l := p.Latency.Redis
			if l.P50 > BucketEnd(0) || l.P999 < 524*time.Microsecond || l.P999 > 1100*time.Microsecond || p.Latency.HTTP != (Percentiles{}) {
				t.Fatalf("%+v", p.Latency)
			}
		}
	}
}

// TestAResetIsNoNegativeRate: CONFIG RESETSTAT sets counters of Redis back.
func TestAResetIsNoNegativeRate(t *testing.T) {
	var before, now sample
	before.at, now.at = began, began.Add(2*time.Second)
	before.counts[redisCommands], now.counts[redisCommands] = 1000, 10
	before.redis[3], now.redis[3] = 1000, 4
	p := pointBetween(&before, &now)
	if p.RedisCommands != 5 || p.Latency.Redis.P99 <= BucketEnd(2) || p.Latency.Redis.P99 > BucketEnd(3) {
		t.Errorf("%+v", p)
	}
	now.counts[syncs], now.counts[syncNanos] = 4, uint64(20*time.Millisecond)
	if p = pointBetween(&before, &now); p.SyncTime != 5*time.Millisecond || p.Syncs != 2 {
		t.Errorf("a sync took %v, %v of them a second", p.SyncTime, p.Syncs)
	}
	if p = pointBetween(&now, &now); p.Ops != (Operations{}) || p.SyncTime != 0 {
		t.Errorf("within no time: %+v", p)
	}
}

// TestAHistoryTakesWhatItSays of memory.
func TestAHistoryTakesWhatItSays(t *testing.T) {
	samples := 0
	for _, tier := range tiers {
		samples += tier.most
	}
	if size := samples * int(unsafe.Sizeof(sample{})); size > 3<<20 {
		t.Errorf("the rings take %d bytes", size)
	} else {
		t.Logf("the rings take %d bytes", size)
	}
	h := historyOf(86400)
	var s sample
	if n := testing.AllocsPerRun(1000, func() { h.add(&s) }); n != 0 {
		t.Errorf("a sample allocates %v times", n)
	}
}
