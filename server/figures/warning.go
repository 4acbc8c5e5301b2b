package figures

import (
	"slices"
	"sync"
	"time"
)

// Level is how much a warning matters.
type Level string

// Levels of warnings.
const (
	// Info is something to know, which somebody may have meant to be so.
	Info Level = "info"
	// Caution is something that is getting out of hand, or was done wrong.
	Caution Level = "warning"
	// Critical is something that keeps the server from its work, or soon will.
	Critical Level = "critical"
)

// Warning tells in words that something needs somebody's attention.
type Warning struct {
	ID    string    `json:"id"` // of its kind: it does not change, and comes once at a time
	Level Level     `json:"level"`
	Text  string    `json:"text"`
	Since time.Time `json:"since"` // when it was seen first
}

// warnings are those of now.
type warnings struct {
	mu      sync.Mutex
	now     []Warning
	changed chan struct{} // closed when they change
}

func newWarnings() *warnings { return &warnings{now: []Warning{}, changed: make(chan struct{})} }

// set replaces them. One that was there before goes on since then.
func (w *warnings) set(found []Warning) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range found {
		for _, before := range w.now {
			if before.ID == found[i].ID {
				found[i].Since = before.Since
			}
		}
	}
	if slices.Equal(found, w.now) {
		return
	}
	w.now = found
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *warnings) get() ([]Warning, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now, w.changed
}
