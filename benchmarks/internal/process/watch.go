package process

import "github.com/mantisdb/mantisdb/benchmarks/internal/measure"

// Watch is what servers use while something is done with them.
type Watch struct {
	group  Group
	before Usage
	peak   *measure.Peak // of memory of no file
}

// Watch begins to watch.
func (g Group) Watch() (*Watch, error) {
	before, err := g.Usage()
	if err != nil {
		return nil, err
	}
	peak := measure.StartPeak(before.Anon, g.anon)
	return &Watch{g, before, peak}, nil
}

// anon is Usage's Anon alone.
func (g Group) anon() (sum uint64, err error) {
	for _, p := range g {
		memory, err := p.numbers("status", "RssAnon")
		if err != nil {
			return 0, err
		}
		sum += memory[0] << 10
	}
	return sum, nil
}

// Finish ends the watch. It returns the processor time and the bytes written since its
// begin, the memory at its end, and the most memory of no file in between.
func (w *Watch) Finish() (used Usage, peak uint64, err error) {
	most := w.peak.Stop()
	if used, err = w.group.Usage(); err != nil {
		return used, 0, err
	}
	used.CPU -= w.before.CPU
	used.Written -= w.before.Written
	return used, max(most, used.Anon), nil
}
