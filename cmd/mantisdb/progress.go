package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how far a transfer or other work is. On anything else it is
// silent; so is a nil one.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress begins to show progress towards total bytes, or without an end if
// total is -1.
func newProgress(stderr io.Writer, label string, total int64) *progress {
	return startProgress(stderr, label, total,
		progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true))
}

// newSteps begins to show progress towards a number of steps.
func newSteps(stderr io.Writer, label string, total int) *progress {
	return startProgress(stderr, label, int64(total), progressbar.OptionShowCount())
}

func startProgress(stderr io.Writer, label string, total int64, unit ...progressbar.Option) *progress {
	if !isTerminal(stderr) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions64(total, append(unit,
		progressbar.OptionSetWriter(stderr),
		progressbar.OptionSetDescription(label),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)...)}
}

// isTerminal tells whether somebody may be looking at what is written to w.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// add tells of n more bytes or steps.
func (p *progress) add(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // what cannot be shown is not missed
	}
}

// done clears the line for what is to be said at the end.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Exit()
	}
}
