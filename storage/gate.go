package storage

import "sync"

// gate lets calls in until it is closed, and its closing waits for those that
// are in. A call must not enter the same gate twice.
type gate struct {
	mu     sync.RWMutex
	closed bool
}

// enter lets a call in, which must leave, unless the gate is closed.
func (g *gate) enter() bool {
	g.mu.RLock()
	if g.closed {
		g.mu.RUnlock()
		return false
	}
	return true
}

func (g *gate) leave() { g.mu.RUnlock() }

// close closes the gate and tells whether it was open. When it returns, no call
// is in.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.closed = true
	return true
}
