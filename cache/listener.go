package cache

import (
	"sync"
	"time"
)

// listener tells Options.OnEvict of what has left, in a goroutine of its own. It knows
// the engine and not the cache, so that a forgotten cache can be collected.
type listener struct {
	tell func(Eviction)
	left chan struct{} // holds one: something is to be told
	stop chan struct{}
	once sync.Once
	done chan struct{}
}

func newListener(tell func(Eviction)) *listener {
	return &listener{
		tell: tell,
		left: make(chan struct{}, 1),
		stop: make(chan struct{}),
		done: make(chan struct{}),
	}
}

// ring is config.left.
func (l *listener) ring() {
	select {
	case l.left <- struct{}{}:
	default: // it will look anyhow
	}
}

// run tells until the end, and then what is left to be told.
func (l *listener) run(e engine) {
	defer close(l.done)
	sweep := time.NewTicker(sweepInterval) // what expires rings for nobody
	defer sweep.Stop()
	for {
		select {
		case <-l.left:
		case <-sweep.C:
		case <-l.stop:
			_ = e.takeEvicted(l.tell)
			return
		}
		_ = e.takeEvicted(l.tell) // a closed engine is stopped next
	}
}

// end stops the goroutine, and does not wait for it.
func (l *listener) end() { l.once.Do(func() { close(l.stop) }) }
