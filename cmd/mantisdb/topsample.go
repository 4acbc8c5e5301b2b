package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb"
)

// sample is what top knows of a target at one moment: the database's figures, and of a
// server what else it tells. What it does not tell is zero.
type sample struct {
	at time.Time
	mantisdb.Stats
	Server struct {
		Version string        `json:"version"`
		Uptime  time.Duration `json:"uptime_nanos"`
	} `json:"server"`
	Process struct {
		Memory struct {
			Resident uint64 `json:"resident_bytes"`
			Heap     uint64 `json:"heap_bytes"`
		} `json:"memory"`
		CPU struct {
			User   time.Duration `json:"user_nanos"`
			System time.Duration `json:"system_nanos"`
		} `json:"cpu"`
	} `json:"process"`
	Redis struct {
		Clients struct {
			Connected uint64 `json:"connected"`
		} `json:"clients"`
		Traffic struct {
			Received uint64 `json:"received_bytes"`
			Sent     uint64 `json:"sent_bytes"`
		} `json:"traffic"`
		Commands []requests `json:"commands"`
	} `json:"redis"`
	HTTP struct {
		Routes []requests `json:"routes"`
	} `json:"http"`
}

// requests are the calls of a command of Redis, or the requests of a route of HTTP.
type requests struct {
	Name   string `json:"name"`   // of a command
	Method string `json:"method"` // of a route, with the two below
	Path   string `json:"path"`
	Status string `json:"status"`

	Calls     uint64        `json:"calls"`    // of a command
	Requests  uint64        `json:"requests"` // of a route
	Failed    uint64        `json:"failed"`
	Time      time.Duration `json:"time_nanos"`
	Latencies struct {
		Buckets []uint64 `json:"buckets"`
	} `json:"latencies"`
}

// title is what a person knows the requests by.
func (r *requests) title() string {
	if r.Name != "" {
		return r.Name
	}
	return r.Method + " " + r.Path + " " + r.Status
}

// done is how many there were.
func (r *requests) done() uint64 { return r.Calls + r.Requests }

// takeSample asks a target for its figures.
func takeSample(ctx context.Context, from target) (*sample, error) {
	figures, err := from.stats(ctx)
	if err != nil {
		return nil, err
	}
	s := &sample{at: time.Now()}
	if err := json.Unmarshal(figures, s); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSense, err)
	}
	return s, nil
}

// change is what happened between two samples.
type change struct{ from, to *sample }

// seconds is how long it took.
func (c change) seconds() float64 { return max(c.to.at.Sub(c.from.at).Seconds(), 1e-3) }

// rate is how much a counter grew in a second. One that fell was begun anew.
func (c change) rate(counter func(*sample) uint64) float64 {
	return float64(grown(counter(c.from), counter(c.to))) / c.seconds()
}

// share is which part of a counter's growth, from 0 to 1, is that of another within it;
// false if it did not grow.
func (c change) share(part, whole func(*sample) uint64) (float64, bool) {
	all := c.rate(whole)
	return min(c.rate(part)/all, 1), all > 0
}

// grown is by how much a counter grew. If it fell, it was begun anew, and has grown by all
// it has.
func grown(from, to uint64) uint64 {
	if to < from {
		return to
	}
	return to - from
}

// latency is what was done of a command or a route between two samples.
type latency struct {
	title          string
	rate, failures float64 // a second
	mean           time.Duration
	buckets        []uint64
}

// latencies are those of all requests that were done, the most frequent ones first.
func (c change) latencies() []latency {
	before := make(map[string]*requests)
	for _, list := range [][]requests{c.from.Redis.Commands, c.from.HTTP.Routes} {
		for i := range list {
			before[list[i].title()] = &list[i]
		}
	}
	var all []latency
	for _, list := range [][]requests{c.to.Redis.Commands, c.to.HTTP.Routes} {
		for i := range list {
			if l, ok := c.latency(before[list[i].title()], &list[i]); ok {
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b latency) int {
		switch {
		case a.rate > b.rate:
			return -1
		case a.rate < b.rate:
			return 1
		}
		return 0
	})
	return all
}

// latency is what was done between two samples of one command or route, of which there may
// have been none before; false if nothing was.
func (c change) latency(from, to *requests) (latency, bool) {
	if from == nil || from.done() > to.done() {
		from = new(requests)
	}
	n := to.done() - from.done()
	if n == 0 {
		return latency{}, false
	}
	l := latency{
		title:    to.title(),
		rate:     float64(n) / c.seconds(),
		failures: float64(grown(from.Failed, to.Failed)) / c.seconds(),
		mean:     max(to.Time-from.Time, 0) / time.Duration(n),
		buckets:  slices.Clone(to.Latencies.Buckets),
	}
	for i := range min(len(from.Latencies.Buckets), len(l.buckets)) {
		l.buckets[i] = grown(from.Latencies.Buckets[i], l.buckets[i])
	}
	return l, true
}

// firstBucket is up to which duration the first bucket of a server's latencies counts. Each
// further one reaches twice as far.
const firstBucket = 125 * time.Nanosecond

// percentile is the duration that p of a hundred requests did not exceed, as exactly as
// buckets tell; false without any.
func (l *latency) percentile(p float64) (time.Duration, bool) {
	total := uint64(0)
	for _, n := range l.buckets {
		total += n
	}
	rank := p / 100 * float64(total)
	below := 0.0
	for i, n := range l.buckets {
		if n == 0 || below+float64(n) < rank {
			below += float64(n)
			continue
		}
		end := firstBucket << i
		begin := end / 2
		if i == 0 {
			begin = 0
		}
		return begin + time.Duration((rank-below)/float64(n)*float64(end-begin)), true
	}
	return 0, false
}
