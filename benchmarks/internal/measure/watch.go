package measure

import (
	"sync"
	"time"
)

// sampleEvery is how often the memory is looked at for its peak.
const sampleEvery = 50 * time.Millisecond

// Watch is what a phase took of the process while it ran.
type Watch struct {
	written uint64
	stop    chan struct{}
	done    sync.WaitGroup
	peak    uint64
	collect *collections
	used    time.Duration
}

// StartWatch collects garbage and begins to watch.
func StartWatch() (*Watch, error) {
	written, err := WrittenBytes()
	if err != nil {
		return nil, err
	}
	w := &Watch{written: written, stop: make(chan struct{}), collect: startCollections()}
	memory, err := ProcessMemory()
	if err != nil {
		return nil, err
	}
	w.peak = memory.Anon
	if w.used, err = processorTime(); err != nil {
		return nil, err
	}
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
			if memory, err := ProcessMemory(); err == nil {
				w.peak = max(w.peak, memory.Anon)
			}
		}
	}
}

// Finish ends the watch and sets the record's figures of the processor, of Go's
// collector, of memory and of disk. The record has its operations already.
func (w *Watch) Finish(r *Record, dir string) (err error) {
	if r.DiskBytes, err = DiskBytes(dir); err != nil {
		return err
	}
	return w.FinishWithoutDisk(r)
}

// FinishWithoutDisk is Finish for what has no directory.
func (w *Watch) FinishWithoutDisk(r *Record) error {
	close(w.stop)
	w.done.Wait()
	used, err := processorTime()
	if err != nil {
		return err
	}
	used -= w.used
	w.collect.fill(r, used)
	if r.Ops != 0 {
		r.CPUNanos = float64(used) / float64(r.Ops)
	}
	memory, err := ProcessMemory()
	if err != nil {
		return err
	}
	written, err := WrittenBytes()
	if err != nil {
		return err
	}
	r.AnonBytes, r.FileBytes, r.AnonPeakBytes = memory.Anon, memory.File, max(w.peak, memory.Anon)
	r.WrittenBytes = written - w.written
	return nil
}
