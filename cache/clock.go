package cache

import (
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/internal/clock"
)

// stepClock is the process's clock, which tests step forward.
type stepClock struct{ ahead atomic.Int64 }

// now is in Unix milliseconds.
func (c *stepClock) now() int64 { return clock.Now() + c.ahead.Load() }

func (c *stepClock) step(d time.Duration) { c.ahead.Add(milliseconds(d)) }

// expiry is when what is stored now expires, in Unix milliseconds, 0 for never. ttl is
// the cache's own.
func (c *stepClock) expiry(o *EntryOptions, ttl time.Duration) int64 {
	if o.ExpiresAt != 0 {
		return o.ExpiresAt
	}
	if o.TTL != 0 {
		ttl = o.TTL
	}
	if ttl == 0 || ttl == Forever {
		return 0
	}
	return c.now() + milliseconds(ttl)
}
