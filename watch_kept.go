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
	mu     sync.Mutex
	open   int
	kept   storage.Feed // nobody reads it: it is there so that changes are kept; nil: there is none
	keptBy *time.Timer  // closes it, if nothing was opened meanwhile
	after  time.Duration
}

func newWatchers() *watchers { return &watchers{after: WatchKeptFor} }

// enter counts a watch that is about to be opened.
func (w *watchers) enter(engine storage.Engine) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kept == nil {
		kept, err := engine.Watch(storage.Range{KeysOnly: true}, 0)
		if err != nil {
			return err
		}
		w.kept = kept
	}
	w.open++
	return nil
}

// leave counts a watch that is closed.
func (w *watchers) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open--; w.open > 0 || w.kept == nil {
		return
	}
	if w.keptBy != nil {
		w.keptBy.Stop()
	}
	w.keptBy = time.AfterFunc(w.after, w.keepNoMore)
}

func (w *watchers) keepNoMore() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == 0 {
		w.drop()
	}
}

// close ends what is kept. The database is about to be closed.
func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keptBy != nil {
		w.keptBy.Stop()
	}
	w.drop()
}

func (w *watchers) drop() {
	if w.kept != nil {
		_ = w.kept.Close() // nothing was to be had from it
		w.kept = nil
	}
}
