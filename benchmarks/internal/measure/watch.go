package measure

import "time"

// Watch is what a phase took of the process while it ran.
type Watch struct {
	written uint64
	peak    *Peak // of memory of no file
	collect *collections
	used    time.Duration
}

// StartWatch collects garbage and begins to watch.
func StartWatch() (*Watch, error) {
	written, err := WrittenBytes()
	if err != nil {
		return nil, err
	}
	w := &Watch{written: written, collect: startCollections()}
	memory, err := ProcessMemory()
	if err != nil {
		return nil, err
	}
	if w.used, err = processorTime(); err != nil {
		return nil, err
	}
	w.peak = StartPeak(memory.Anon, func() (uint64, error) {
		memory, err := ProcessMemory()
		return memory.Anon, err
	})
	return w, nil
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
	peak := w.peak.Stop()
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
	r.AnonBytes, r.FileBytes, r.AnonPeakBytes = memory.Anon, memory.File, max(peak, memory.Anon)
	r.WrittenBytes = written - w.written
	return nil
}
