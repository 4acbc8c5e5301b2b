package process

import (
	"sync"
	"time"
)

// sampleEvery is how often the memory is looked at for its peak.
const sampleEvery = 50 * time.Millisecond

// Watch is what a server uses while something is done with it.
type Watch struct {
	process *Process
	before  Usage
	peak    uint64
	stop    chan struct{}
	done    sync.WaitGroup
}

// Watch begins to watch.
func (p *Process) Watch() (*Watch, error) {
	before, err := p.Usage()
	if err != nil {
		return nil, err
	}
	w := &Watch{process: p, before: before, peak: before.Anon, stop: make(chan struct{})}
	w.done.Go(w.sample)
	return w, nil
}

func (w *Watch) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			if memory, err := w.process.numbers("status", "RssAnon"); err == nil {
				w.peak = max(w.peak, memory[0]<<10)
			}
		}
	}
}

// Finish ends the watch. It returns the processor time and the bytes written since its
// begin, the memory at its end, and the most memory of no file in between.
func (w *Watch) Finish() (used Usage, peak uint64, err error) {
	close(w.stop)
	w.done.Wait()
	if used, err = w.process.Usage(); err != nil {
		return used, 0, err
	}
	used.CPU -= w.before.CPU
	used.Written -= w.before.Written
	return used, max(w.peak, used.Anon), nil
}
