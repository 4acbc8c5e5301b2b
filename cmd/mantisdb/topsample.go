package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// sample is what top knows of a target at one moment: the figures of a server, or of a
// directory those of the database. What it does not tell is zero.
type sample struct {
	at time.Time
	figures.Snapshot
}

// requests are the calls of a command of Redis, or the requests of a route of HTTP.
type requests struct {
	title             string // what a person knows them by
	done, failed      int64
	time              time.Duration
	figures.Latencies // of all
}

// requests are all that a server has counted.
func (s *sample) requests() []requests {
	var all []requests
	for i := range s.Redis.Commands {
		c := &s.Redis.Commands[i]
		all = append(all, requests{c.Name, c.Calls, c.Failed, c.Time, c.Latencies})
	}
	for i := range s.HTTP.Routes {
		r := &s.HTTP.Routes[i]
		all = append(all, requests{r.Method + " " + r.Path + " " + r.Status, r.Requests, 0, r.Time, r.Latencies})
	}
	return all
}

// takeSample asks a target for its figures.
func takeSample(ctx context.Context, from target) (*sample, error) {
	told, err := from.stats(ctx)
	if err != nil {
		return nil, err
	}
	s := &sample{at: time.Now()}
	if err := json.Unmarshal(told, &s.Snapshot); err != nil {
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
func grown[N int64 | uint64](from, to N) N {
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
	figures.Latencies
}

// latencies are those of all requests that were done, the most frequent ones first.
func (c change) latencies() []latency {
	before := make(map[string]requests)
	for _, r := range c.from.requests() {
		before[r.title] = r
	}
	var all []latency
	for _, r := range c.to.requests() {
		if l, ok := c.latency(before[r.title], r); ok {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b latency) int { return cmp.Compare(b.rate, a.rate) })
	return all
}

// latency is what was done between two samples of one command or route, of which there may
// have been none before; false if nothing was.
func (c change) latency(from, to requests) (latency, bool) {
	if from.done > to.done {
		from = requests{}
	}
	n := to.done - from.done
	if n == 0 {
		return latency{}, false
	}
	l := latency{
		title:     to.title,
		rate:      float64(n) / c.seconds(),
		failures:  float64(grown(from.failed, to.failed)) / c.seconds(),
		mean:      max(to.time-from.time, 0) / time.Duration(n),
		Latencies: to.Latencies,
	}
	for i, before := range from.Latencies {
		l.Latencies[i] = grown(before, l.Latencies[i])
	}
	return l, true
}
