package fragments

import "sync/atomic"

// clock gives writes their times: those of the system's clock, but each later than all that
// were given or seen before.
type clock struct{ last atomic.Int64 }

// after is a time for a write, now if that is late enough.
func (c *clock) after(now int64) int64 {
	for {
		last := c.last.Load()
		next := max(now, last+1)
		if c.last.CompareAndSwap(last, next) {
			return next
		}
	}
}

// saw has later times be after one that another node gave.
func (c *clock) saw(at int64) {
	for {
		last := c.last.Load()
		if at <= last || c.last.CompareAndSwap(last, at) {
			return
		}
	}
}
