package replica

import (
	"math"
	"sync/atomic"
	"time"
)

// A leader that has seen the group agree, in its term, on something that it had asked for at a
// moment, holds a lease from that moment on: every later term begins in the log behind what was
// agreed upon, and so after that moment, and serves nobody before takeoverTime from there. Until
// the lease is over, no other leader's write was acknowledged, and this one reads what it has.
//
// That goes by how much time passes on two machines, not by what time it is: a clock that is set
// makes no difference, and one may be a fifth faster than the other. Who reads looks at the lease
// after it has read, so that it makes no difference either if the process stands still for a
// while.
const (
	// leaseTime is how long a lease is, from the moment at which was asked.
	leaseTime = 200 * time.Millisecond
	// renewTime is how much is left of a lease when a read has it renewed.
	renewTime = leaseTime / 2
	// takeoverTime is how long a leader serves nobody whose predecessor may hold a lease.
	takeoverTime = leaseTime * 5 / 4
)

// instant is a moment, as the time since one that all of the process share.
type instant time.Duration

var processBegan = time.Now()

func now() instant { return instant(time.Since(processBegan)) }

// lease is the lease of a term. One that was not extended yet is over.
type lease struct {
	end atomic.Int64 // an instant, or givenUp
}

// givenUp is the end of a lease that nothing extends any more.
const givenUp = math.MinInt64

// left is how long the lease still holds; what is not above zero is that it does not.
func (l *lease) left() time.Duration {
	end := l.end.Load()
	if end == givenUp {
		return 0
	}
	return time.Duration(instant(end) - now())
}

// extend has the lease hold from a moment on at which something was asked for that was agreed
// upon in its term.
func (l *lease) extend(asked instant) {
	end := int64(asked) + int64(leaseTime)
	for {
		before := l.end.Load()
		if before == givenUp || before >= end || l.end.CompareAndSwap(before, end) {
			return
		}
	}
}

// isGivenUp tells whether giveUp was called.
func (l *lease) isGivenUp() bool { return l.end.Load() == givenUp }

// giveUp ends the lease for good.
func (l *lease) giveUp() { l.end.Store(givenUp) }
