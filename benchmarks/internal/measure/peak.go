package measure

import (
	"sync"
	"time"
)

// sampleEvery is how often a figure is looked at for its peak.
const sampleEvery = 50 * time.Millisecond

// Peak finds the greatest value of a figure while something runs, by samples.
type Peak struct {
	figure func() (uint64, error)
	most   uint64
	stop   chan struct{}
	done   sync.WaitGroup
}

// StartPeak begins with the value of the moment. A sample that cannot be had is left out.
func StartPeak(now uint64, figure func() (uint64, error)) *Peak {
	p := &Peak{figure: figure, most: now, stop: make(chan struct{})}
	p.done.Go(p.sample)
	return p
}

func (p *Peak) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			if value, err := p.figure(); err == nil {
				p.most = max(p.most, value)
			}
		}
	}
}

// Stop ends the samples, and returns the greatest value.
func (p *Peak) Stop() uint64 {
	close(p.stop)
	p.done.Wait()
	return p.most
}
