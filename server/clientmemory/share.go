package clientmemory

import "sync/atomic"

// Share is a client's part of a pool. One goroutine at a time says what the client takes;
// any may release it.
type Share struct {
	pool    *Pool
	counted atomic.Int64 // in bytes, or released
}

// released is the count of a share that counts nothing any more.
const released = -1

// Open begins to count in a pool, from nothing. It may be called again after Release.
func (s *Share) Open(pool *Pool) {
	s.pool = pool
	s.counted.Store(0)
}

// Set tells what the client takes, in bytes, and whether it has grown while all clients
// take more than the limit.
func (s *Share) Set(bytes int64) (isOver bool) {
	before := s.counted.Load()
	if grown := bytes - before; s.pool == nil || before == released || grown < Step && grown > -Step {
		return false
	}
	return s.count(before, bytes) && bytes > before && s.pool.Excess() > 0
}

// Take counts more bytes, and tells whether the limit allows for them; if not, they are
// not counted.
func (s *Share) Take(bytes int64) bool {
	before := s.counted.Load()
	if s.pool == nil || before == released || !s.count(before, before+bytes) {
		return true
	}
	if s.pool.Excess() == 0 {
		return true
	}
	s.count(before+bytes, before)
	return false
}

// count brings the pool up to date, unless the share was released meanwhile.
func (s *Share) count(before, after int64) bool {
	counted := s.counted.CompareAndSwap(before, after)
	if counted {
		s.pool.used.Add(after - before)
	}
	return counted
}

// Release ends the counting, and takes out of the pool what was counted. Doing it twice
// does nothing more.
func (s *Share) Release() {
	if counted := s.counted.Swap(released); counted != released && s.pool != nil {
		s.pool.used.Add(-counted)
	}
}
