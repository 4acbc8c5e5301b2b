package redis

import (
	"cmp"
	"slices"
)

// countMemory counts what the client takes, and has clients disconnected if that is too much
// with what the others take.
func (c *Client) countMemory() {
	query, free := c.in.Held()
	bytes := clientMemory + int64(query+free) + int64(cap(c.out.Buf))
	if c.transaction != nil {
		bytes += int64(c.transaction.bytes)
	}
	if c.share.Set(bytes) {
		c.server.evictClients()
	}
}

// evictClients disconnects the clients that take the most memory until the others take no
// more than they may together, as Redis does. It does not wait for that: who calls it may
// have locks, and be one of them.
func (s *Server) evictClients() {
	if s.evicting.CompareAndSwap(false, true) {
		go func() {
			// Who grew meanwhile has left it to this goroutine.
			for done := false; !done; {
				left := s.evictLargest()
				s.evicting.Store(false)
				done = !left || s.memory.Excess() == 0 || !s.evicting.CompareAndSwap(false, true)
			}
		}()
	}
}

// leastEvicted is what a client must take to be disconnected for it, in bytes: one that does
// nothing takes less, and is not to blame.
const leastEvicted = 64 << 10

// evictLargest disconnects clients, the largest first, and tells whether there was one. Who
// has said CLIENT NO-EVICT ON is left alone.
func (s *Server) evictLargest() (some bool) {
	type taker struct {
		client *Client
		bytes  int64
	}
	var takers []taker
	s.clients.each(func(c *Client) {
		bytes, _ := c.memory(c.shown.Load())
		if bytes >= leastEvicted && !c.noEvict.Load() {
			takers = append(takers, taker{c, bytes})
		}
	})
	slices.SortFunc(takers, func(a, b taker) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, t := range takers {
		if s.memory.Excess() == 0 {
			break
		}
		t.client.evict(t.bytes)
		some = true
	}
	return some
}

// evict disconnects the client for the sake of its memory, which counts no more from here on.
func (c *Client) evict(bytes int64) {
	c.killed.Store(true)
	c.server.clients.remove(c)
	c.share.Release()
	c.sink.share.Release()
	c.server.evicted.Add(1)
	c.server.limited.Warn("a client was disconnected, since clients take more memory than they may together, and it the most",
		"client", c.address(), "bytes", bytes, "limit", c.server.memory.Limit())
	go c.disconnect() // which may wait to close the connection, if that is encrypted
}
