//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_background_error
#cgo nocallback mantisdb_background_error
*/
import "C"

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"
	"weak"
)

// watchInterval is between two looks at what failed in the background.
const watchInterval = 2 * time.Second

// backgroundWatch logs what fails in the core's background, within seconds. The
// core has no way to call Go that would not cost a thread, so a timer looks every
// now and then: a call into the core of well below a microsecond, and nothing on
// the way of reads and writes.
//
// It holds its engine by a weak pointer alone, so that one that nobody closes is
// still collected; the watch ends with it.
type backgroundWatch struct {
	mu     sync.Mutex
	timer  *time.Timer // nil while nothing is watched
	logged uint64      // failures that the log has
}

// start begins to watch an engine, if there is anything to watch and somebody to
// tell.
func (w *backgroundWatch) start(e *RustStorageEngine) {
	if e.dir == "" || !e.logger.Enabled(context.Background(), slog.LevelError) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	watched := weak.Make(e)
	w.timer = time.AfterFunc(watchInterval, func() {
		if e := watched.Value(); e != nil {
			e.watch.look(e)
		}
	})
}

// look logs what is new, and comes back later.
func (w *backgroundWatch) look(e *RustStorageEngine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.report(e)
		w.timer.Reset(watchInterval)
	}
}

// stop ends the watch with a last look.
func (w *backgroundWatch) stop(e *RustStorageEngine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
		w.report(e)
	}
}

// report logs the newest failure, unless the log has all of them.
func (w *backgroundWatch) report(e *RustStorageEngine) {
	var message [512]byte
	var length C.size_t
	var failures C.uint64_t
	status := C.mantisdb_background_error(e.db, bytesPtr(message[:]), C.size_t(len(message)), &length, &failures)
	runtime.KeepAlive(e)
	if n := uint64(failures); status == C.MANTISDB_OK && n > w.logged {
		w.logged = n
		e.logger.Error("writing in the background failed, will try again",
			"error", string(message[:min(int(length), len(message))]), "failures", n)
	}
}
