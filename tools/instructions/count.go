package main

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// countAll counts cases, as many at once as there are processors: a count does not depend on
// what else the machine does.
func countAll(cases []benchCase, slower int) (map[string]float64, error) {
	var (
		lock   sync.Mutex
		failed error
		group  sync.WaitGroup
		counts = make(map[string]float64)
		tokens = make(chan struct{}, runtime.NumCPU())
	)
	for _, c := range cases {
		tokens <- struct{}{}
		group.Go(func() {
			defer func() { <-tokens }()
			count, err := c.count(slower)
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failed = err
				return
			}
			counts[c.name] = count
		})
	}
	group.Wait()
	return counts, failed
}

// times is how often a case is counted: where other threads have a part in what is done, as in
// what waits for the janitor, a count may be some percent off.
const times = 3

// count is how many instructions a round takes, with so many percent of work added: of some
// counts the middle one.
func (c benchCase) count(slower int) (float64, error) {
	counts := make([]float64, times)
	for i := range counts {
		var err error
		if counts[i], err = c.countOnce(slower); err != nil {
			return 0, err
		}
	}
	slices.Sort(counts)
	return counts[times/2], nil
}

// countOnce is the difference between two runs, of which one has more rounds, so that whatever
// is done once, as starting and loading, drops out.
func (c benchCase) countOnce(slower int) (float64, error) {
	few, err := c.instructions(c.rounds)
	if err != nil {
		return 0, err
	}
	many, err := c.instructions(2*c.rounds + c.rounds*slower/100)
	if err != nil {
		return 0, err
	}
	perRound := (float64(many) - float64(few)) / float64(c.rounds)
	return math.Round(perRound*10) / 10, nil
}
