package bench

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells a user what is going on: on a terminal in one line that is
// updated and at last wiped, else in a line for each workload done.
type progress struct {
	out    io.Writer
	live   bool
	follow func(Step) // nil: nobody follows
	step   Step       // at the beginning of the workload
}

// updateInterval is short enough to look alive and costs the benchmark nothing.
const updateInterval = 200 * time.Millisecond

// eraseLine moves to the line's begin and wipes it.
const eraseLine = "\r\x1b[K"

func newProgress(out io.Writer, live bool) *progress { return &progress{out: out, live: live} }

// note writes a line that stays.
func (p *progress) note(line string) {
	p.erase()
	fmt.Fprintln(p.out, line)
}

// show replaces the line on a terminal.
func (p *progress) show(format string, args ...any) {
	if p.live {
		fmt.Fprint(p.out, eraseLine, fmt.Sprintf(format, args...))
	}
}

// erase wipes the line on a terminal.
func (p *progress) erase() {
	if p.live {
		fmt.Fprint(p.out, eraseLine)
	}
}

// watch shows, until the returned function is called, how far a workload is:
// state is what part of it is done, and how many operations.
func (p *progress) watch(title string, state func() (part float64, operations uint64)) (stop func()) {
	if !p.live && p.follow == nil {
		return func() {}
	}
	quit := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(updateInterval)
		defer ticker.Stop()
		for last := uint64(0); ; {
			part, operations := state()
			p.tell(part, operations)
			p.show("%s %3.0f%%  %s ops/s", title, 100*part,
				perSecond(float64(operations-last)/updateInterval.Seconds()))
			last = operations
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
		}
	})
	return func() {
		close(quit)
		done.Wait()
	}
}

// tell tells who follows how far the workload is.
func (p *progress) tell(part float64, operations uint64) {
	if p.follow == nil {
		return
	}
	step := p.step
	step.Part, step.Operations = part, operations
	p.follow(step)
}

// finished tells of a workload that is done.
func (p *progress) finished(title string, r *Result) {
	if p.live {
		return
	}
	fmt.Fprintf(p.out, "%s: %s operations in %.2f s, %s ops/s, %s errors\n",
		title, comma(r.Operations), r.Seconds, perSecond(r.OpsPerSecond), comma(r.Errors))
}
