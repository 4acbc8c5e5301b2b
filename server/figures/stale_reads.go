package figures

import "sync/atomic"

// StaleReads are the reads that might be stale, in a cluster. One that concerns several shards
// counts for each of them.
type StaleReads struct {
	Local    int64 `json:"local"`     // this node has answered, from a replica of its own
	PassedOn int64 `json:"passed_on"` // it had none that was fresh enough, and the leader was asked
}

// Add adds those of another part of the server.
func (s *StaleReads) Add(other StaleReads) {
	s.Local += other.Local
	s.PassedOn += other.PassedOn
}

// StaleReadCount counts them. It may be used from any number of goroutines.
type StaleReadCount struct{ local, passedOn atomic.Int64 }

// Local counts n reads that this node has answered.
func (c *StaleReadCount) Local(n int) { c.local.Add(int64(n)) }

// PassedOn counts n reads of which the leader was asked.
func (c *StaleReadCount) PassedOn(n int) { c.passedOn.Add(int64(n)) }

// Sum is how many there were.
func (c *StaleReadCount) Sum() StaleReads { return StaleReads{c.local.Load(), c.passedOn.Load()} }
