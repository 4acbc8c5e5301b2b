// Package clientmemory counts what all clients of a server take of its memory together,
// whatever protocol they speak, against one limit.
//
// Only what is worth it is counted: a client's part is brought up to date when it has
// changed by a step, so that small requests touch nothing that clients share.
package clientmemory

import "sync/atomic"

// Step is by how many bytes a client's part has to change before it is counted anew.
const Step = 16 << 10

// Pool is the count of what clients take, and its limit. All of its methods may be called
// from any number of goroutines. A nil Pool counts nothing, and has no limit.
type Pool struct {
	limit atomic.Int64
	used  atomic.Int64
}

// NewPool is a pool with a limit in bytes; 0 is none.
func NewPool(limit int64) *Pool {
	p := &Pool{}
	p.limit.Store(limit)
	return p
}

// Limit is the limit in bytes; 0 is none.
func (p *Pool) Limit() int64 {
	if p == nil {
		return 0
	}
	return p.limit.Load()
}

// SetLimit changes the limit. Who takes more than a lower one is not told.
func (p *Pool) SetLimit(bytes int64) { p.limit.Store(bytes) }

// Used is what clients take, in bytes, to a step of each.
func (p *Pool) Used() int64 {
	if p == nil {
		return 0
	}
	return p.used.Load()
}

// Excess is by how many bytes clients take more than the limit; 0 if they do not.
func (p *Pool) Excess() int64 {
	if limit := p.Limit(); limit > 0 {
		return max(p.Used()-limit, 0)
	}
	return 0
}
