//go:build rust

package storage

/*
#include <mantisdb_core.h>
*/
import "C"

import (
	"sync"
	"sync/atomic"
	"time"
)

// turnstile is where writers wait that the core does not admit, because flushes or
// compactions are behind or the log's next file is being made. One of them asks again
// from time to time; the others are parked by Go's scheduler and hold no thread, in the
// order in which they came.
type turnstile struct {
	mu     sync.Mutex   // fair: who has waited for a millisecond is handed it
	shut   atomic.Bool  // the last one in line was not admitted at once
	waited atomic.Int64 // nanoseconds, of all writers
}

// turnstileRest is the time between two tries.
const turnstileRest = time.Millisecond

// pass makes a write, now or when its turn has come, and returns its version and
// how it ended. Once somebody in line is admitted at once, who comes no longer goes
// behind those who still are in it: else a line that all join again never ends, and
// each write is one of a line though nothing is behind any more.
func (t *turnstile) pass(write func() (uint64, C.int32_t)) (version uint64, status C.int32_t) {
	if !t.shut.Load() {
		if version, status = write(); status != C.MANTISDB_BUSY {
			return version, status
		}
	}
	began := time.Now()
	t.mu.Lock()
	defer func() {
		t.mu.Unlock()
		t.waited.Add(int64(time.Since(began)))
	}()
	version, status = write()
	for t.shut.Store(status == C.MANTISDB_BUSY); status == C.MANTISDB_BUSY; {
		time.Sleep(turnstileRest)
		version, status = write()
	}
	return version, status
}
