package mantisdb

import (
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// WatchKeptFor is how long changes are kept as for a watch, after the last one of a database was
// closed: who was cut off, and comes back within that time, misses nothing.
const WatchKeptFor = time.Minute

// watchers counts the open watches of a database, and has its engine keep changes for as long as
// there are any, and for a while after.
type watchers struct {
	after time.Duration

	mu     sync.Mutex
	open   int
	opened uint64       // how many ever were
	kept   storage.Feed // nobody reads it: it is there so that changes are kept; nil: there is none
	ending *time.Timer  // of kept, since the last watch was closed; nil: none was yet
}

func newWatchers() *watchers { return &watchers{after: WatchKeptFor} }

// enter counts a watch that was opened.
func (w *watchers) enter(engine storage.Engine) error {
	if w.count() {
		return nil
	}
	kept, err := engine.Watch(storage.Range{KeysOnly: true}, 0) // which may take a while
	if err != nil {
		w.leave()
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kept != nil {
		return kept.Close() // another one was faster
	}
	w.kept = kept
	return nil
}

// count counts one that was opened, and tells whether changes are kept for it.
func (w *watchers) count() (kept bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
	w.opened++
	return w.kept != nil
}

// leave counts a watch that is closed.
func (w *watchers) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open--; w.open > 0 || w.kept == nil {
		return
	}
	opened := w.opened
	w.ending = time.AfterFunc(w.after, func() { w.keepNoMore(opened) })
}

// keepNoMore ends what is kept, unless a watch was opened since there were so many.
func (w *watchers) keepNoMore(opened uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.opened == opened {
		w.drop()
	}
}

// close ends what is kept. The database is about to be closed.
func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending != nil {
		w.ending.Stop()
	}
	w.drop()
}

func (w *watchers) drop() {
	if w.kept != nil {
		_ = w.kept.Close() // nothing was to be had from it
		w.kept = nil
	}
}
