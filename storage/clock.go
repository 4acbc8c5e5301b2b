package storage

import (
	"sync/atomic"
	"time"
)

// clockBase anchors the process's monotonic clock.
var clockBase = time.Now()

// clockOffset is the greatest difference seen, in milliseconds, between the
// wall clock and the monotonic time since clockBase. It only grows.
var clockOffset atomic.Int64

// Now is the time that expiry is measured by, in Unix milliseconds. It follows
// the wall clock forward, and when that is set back it goes on at the monotonic
// clock's pace: within a process no expired key comes back to life.
func Now() int64 {
	now := time.Now()
	return ratchet(&clockOffset, now.UnixMilli(), now.Sub(clockBase).Milliseconds())
}

// Expired tells whether a value with an expiry in Unix milliseconds, 0 for never, is
// absent by now.
func Expired(expiresAt int64) bool { return expiresAt != 0 && expiresAt <= Now() }

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
