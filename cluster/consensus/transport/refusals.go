package transport

import (
	"errors"
	"fmt"
	"time"
)

// tellAgain is how long the log does not tell again that two nodes do not take each other, who try again
// and again: as for as long as a node of another cluster has the address of one.
const tellAgain = 10 * time.Minute

// errTold is the error of who is turned away as before.
var errTold = errors.New("turned away again")

// mostStrangers is how many of those that were turned away are remembered.
const mostStrangers = 64

// refusals are those of one node, which the log tells of once in a while.
type refusals struct{ told time.Time }

func (r *refusals) isToTell() bool {
	if !r.told.IsZero() && time.Since(r.told) < tellAgain {
		return false
	}
	r.told = time.Now()
	return true
}

// otherCluster is the error of a node of another cluster that connects: one that the log tells of, unless it
// has of that node.
func (t *transport) otherCluster(source string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.strangers[source]
	if r == nil {
		if len(t.strangers) >= mostStrangers {
			clear(t.strangers)
		}
		r = new(refusals)
		t.strangers[source] = r
	}
	if !r.isToTell() {
		return errTold
	}
	return fmt.Errorf("%w: the node at %s is of another cluster", errRefused, source)
}
