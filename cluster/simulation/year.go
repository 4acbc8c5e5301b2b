package simulation

import (
	"container/heap"
	"math/rand/v2"

	"github.com/mantisdb/mantisdb/cluster/placement"
)

// A Year is what becomes of a cluster over some years, a year's worth of each figure.
type Year struct {
	DiskFailures float64 `json:"disk_failures"`
	Restarts     float64 `json:"restarts"`
	ZoneOutages  float64 `json:"zone_outages"`
	Copied       float64 `json:"copied"`      // bytes
	Degraded     float64 `json:"degraded"`    // part of time and shards with fewer copies on disk than they are to have
	Revived      float64 `json:"revived"`     // shards of which a minority of copies was left
	Lost         float64 `json:"lost"`        // shards of which no copy was left
	NoMajority   float64 `json:"no_majority"` // part of time and shards without a majority
	Electing     float64 `json:"electing"`    // part of time and shards in an election after a leader fell
}

// Unavailable is the part of time and shards in which a shard could not be written.
func (y Year) Unavailable() float64 { return y.NoMajority + y.Electing }

// year is how long one is, in seconds.
const year = 365.25 * 24 * 3600

// A member is what happens to be at one place of the cluster, where nodes follow one another.
type member struct {
	id    placement.NodeID
	outs  int  // reasons why it is away: restarts, outages of its zone
	broke bool // its data is gone; another is to take its place
}

// A world is a cluster to which failures happen, in seconds from its beginning.
type world struct {
	Config
	rng     *rand.Rand
	now     float64
	events  events
	cluster placement.Cluster
	members []member
	place   map[placement.NodeID]int
	pool    *copies
	lastID  placement.NodeID
	peace   bool // no new failures

	noMajority, degraded map[int]bool // shards
	sums                 Year         // with sums of seconds where parts are to be
}

// run lets failures happen for a number of years, and returns a year's worth.
func (w *world) run() Year {
	end := float64(w.Years) * year
	w.at(end, func() {})
	for w.now < end {
		w.pool.begin()
		next := min(w.events[0].at, w.now+w.pool.next(), end)
		w.pass(next - w.now)
		if w.now = next; w.events[0].at <= w.now {
			heap.Pop(&w.events).(event).happen()
		}
	}
	return w.sums.over(float64(w.Years), float64(w.Config.Shards))
}

// over makes a year's worth and parts of sums over years and shards.
func (y Year) over(years, shards float64) Year {
	for _, count := range []*float64{&y.DiskFailures, &y.Restarts, &y.ZoneOutages, &y.Copied, &y.Revived, &y.Lost} {
		*count /= years
	}
	for _, part := range []*float64{&y.Degraded, &y.NoMajority, &y.Electing} {
		*part /= years * year * shards
	}
	return y
}
