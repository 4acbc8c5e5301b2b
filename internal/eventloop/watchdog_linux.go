//go:build linux && (amd64 || arm64)

package eventloop

import (
	"sync/atomic"
	"time"
)

// watchdog looks for handlers that take long, and has other goroutines lead the loops which
// they hold up. It rests while nothing happens.
type watchdog struct {
	group   *Group
	resting atomic.Bool
	roused  chan struct{} // has room for one
	done    chan struct{}
}

// The watchdog looks this often, so a handler holds its loop up for at most twice that; and
// rests when it has seen so often that no handler was called.
const (
	watchInterval = 5 * time.Millisecond
	restAfter     = 40
)

func newWatchdog(g *Group) *watchdog {
	return &watchdog{group: g, roused: make(chan struct{}, 1), done: make(chan struct{})}
}

// rouse ends the watchdog's rest. It is called after a beat was counted.
func (w *watchdog) rouse() {
	if w.resting.Load() && w.resting.CompareAndSwap(true, false) {
		w.roused <- struct{}{}
	}
}

func (w *watchdog) close() { close(w.done) }

func (w *watchdog) run() {
	seen := make([]uint64, len(w.group.loops))
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for quiet := 0; ; {
		select {
		case <-w.done:
			return
		case <-ticker.C:
		}
		if w.look(seen) {
			quiet = 0
		} else if quiet++; quiet == restAfter {
			quiet = 0
			ticker.Stop()
			if !w.rest(seen) {
				return
			}
			ticker.Reset(watchInterval)
		}
	}
}

// look ends the terms of those who are stuck, and tells whether any handler was called
// since it looked last, or is stuck.
func (w *watchdog) look(seen []uint64) (active bool) {
	for i, l := range w.group.loops {
		beat := l.beat.Load()
		if beat != seen[i] {
			seen[i], active = beat, true
			continue
		}
		if c := l.current.Load(); c != nil && c.takeFrom(l, beat) {
			active = true
		}
	}
	return active
}

// rest waits for the next call of a handler. It returns false if the group is closed.
func (w *watchdog) rest(seen []uint64) bool {
	w.resting.Store(true)
	// A handler that was called before then did not see that.
	for i, l := range w.group.loops {
		if l.beat.Load() != seen[i] && w.resting.CompareAndSwap(true, false) {
			return true
		}
	}
	select {
	case <-w.roused:
		return true
	case <-w.done:
		return false
	}
}

// takeFrom has another goroutine lead the loop, if its leader is still in the call of the
// connection's handler which was the beat's. The connection is the old leader's own then.
func (c *Conn) takeFrom(l *loop, beat uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != called || l.beat.Load() != beat {
		return false
	}
	c.state = own
	l.succeed()
	return true
}
