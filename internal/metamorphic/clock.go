package metamorphic

import "time"

// Milliseconds. What expires within soon is waited for if it is closer than window,
// so that no operation lasts from before an expiry until after it.
//
// The database's clock may be ahead by up to clockError, being a monotonic one to which
// a difference in whole milliseconds is added.
const (
	soon       = 10_000
	window     = 25
	clockError = 1
)

func now() int64 { return time.Now().UnixMilli() }

// settle begins an operation: what has expired by now is gone from the model, and
// what is about to is waited for.
func (t *target) settle() { t.settleFor(window) }

// settleFor is settle for an operation that takes up to so many milliseconds.
func (t *target) settleFor(window int64) {
	kept := t.dying[:0]
	for _, e := range t.dying {
		if e.soonest > now()+window {
			kept = append(kept, e)
			continue
		}
		for !e.expired(now() - clockError) {
			time.Sleep(time.Duration(e.latest-now()+2) * time.Millisecond)
		}
		if i, found := t.state.place(e.key); found && t.state.entries[i] == e {
			t.expire(e.key)
		}
	}
	t.dying = kept
	t.began = now()
}

// isUncertain tells whether something may have expired in the course of the
// operation, as it does if the machine stood still for longer than window.
func (t *target) isUncertain() bool {
	for _, e := range t.dying {
		if e.soonest <= now()+clockError {
			return true
		}
	}
	return false
}
