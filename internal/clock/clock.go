// Package clock is the time that expiry is measured by.
package clock

import (
	"sync/atomic"
	"time"
)

// base anchors the process's monotonic clock.
var base = time.Now()

// offset is the greatest difference seen, in milliseconds, between the wall clock
// and the monotonic time since base. It only grows.
var offset atomic.Int64

// Now is in Unix milliseconds. It follows the wall clock forward, and when that is
// set back it goes on at the monotonic clock's pace: within a process nothing that
// has expired comes back to life.
func Now() int64 {
	now := time.Now()
	return ratchet(&offset, now.UnixMilli(), now.Sub(base).Milliseconds())
}

// ratchet is the greater of wall and what monotonic gives with the offset, and
// raises the offset if wall runs ahead.
func ratchet(offset *atomic.Int64, wall, monotonic int64) int64 {
	for {
		old := offset.Load()
		if wall-monotonic <= old {
			return monotonic + old
		}
		if offset.CompareAndSwap(old, wall-monotonic) {
			return wall
		}
	}
}
