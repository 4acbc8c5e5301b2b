package storage

import (
	"sync"
	"sync/atomic"
)

// bell wakes those who wait for changes. Writers ring it after their writes are
// visible; as long as nobody waits, that is a look at a line that nobody writes.
type bell struct {
	_       [64]byte
	waiting atomic.Bool
	_       [64]byte

	mu   sync.Mutex
	rung chan struct{} // closed when it rings; nil if nobody waits
}

// listen returns what is closed when the bell rings next. What was done before that
// is to be looked for after the call, which a ring may have preceded.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
		b.waiting.Store(true)
	}
	return b.rung
}

// ring wakes all who listen.
func (b *bell) ring() {
	if b.waiting.Load() {
		b.wake()
	}
}

func (b *bell) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		b.waiting.Store(false)
		close(b.rung)
		b.rung = nil
	}
}
