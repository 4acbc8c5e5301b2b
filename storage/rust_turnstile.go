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
// compactions are behind. One of them asks again from time to time; the others are
// parked by Go's scheduler and hold no thread, in the order in which they came.
type turnstile struct {
	mu      sync.Mutex // fair: who has waited for a millisecond is handed it
	waiting atomic.Int64
	waited  atomic.Int64 // nanoseconds, of all writers
}

// turnstileRest is the time between two tries.
const turnstileRest = time.Millisecond

// pass makes a write, now or when its turn has come, and returns its version and
// how it ended.
func (t *turnstile) pass(write func() (uint64, C.int32_t)) (version uint64, status C.int32_t) {
	if t.waiting.Load() == 0 {
		if version, status = write(); status != C.MANTISDB_BUSY {
			return version, status
		}
	}
	began := time.Now()
	t.waiting.Add(1)
	t.mu.Lock()
	defer func() {
		t.mu.Unlock()
		t.waiting.Add(-1)
		t.waited.Add(int64(time.Since(began)))
	}()
	for {
		if version, status = write(); status != C.MANTISDB_BUSY {
			return version, status
		}
		time.Sleep(turnstileRest)
	}
}
