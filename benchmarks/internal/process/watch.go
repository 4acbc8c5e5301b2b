package process

import "github.com/mantisdb/mantisdb/benchmarks/internal/measure"

// Watch is what a server uses while something is done with it.
type Watch struct {
	process *Process
	before  Usage
	peak    *measure.Peak // of memory of no file
}

// Watch begins to watch.
func (p *Process) Watch() (*Watch, error) {
	before, err := p.Usage()
	if err != nil {
		return nil, err
	}
	peak := measure.StartPeak(before.Anon, func() (uint64, error) {
		memory, err := p.numbers("status", "RssAnon")
		if err != nil {
			return 0, err
		}
		return memory[0] << 10, nil
	})
	return &Watch{p, before, peak}, nil
}

// Finish ends the watch. It returns the processor time and the bytes written since its
// begin, the memory at its end, and the most memory of no file in between.
func (w *Watch) Finish() (used Usage, peak uint64, err error) {
	most := w.peak.Stop()
	if used, err = w.process.Usage(); err != nil {
		return used, 0, err
	}
	used.CPU -= w.before.CPU
	used.Written -= w.before.Written
	return used, max(most, used.Anon), nil
}
