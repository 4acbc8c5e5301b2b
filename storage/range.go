package storage

import (
	"fmt"
	"math"
)

// noLimit is more entries than any scan yields.
const noLimit = math.MaxInt

// most is how many entries a scan of the range yields at most.
func (r Range) most() int {
	if r.Limit == 0 {
		return noLimit
	}
	return r.Limit
}

// checkLimit returns nil if the range may be scanned.
func (r Range) checkLimit() error {
	if r.Limit < 0 {
		return fmt.Errorf("%w: a limit of %d entries", ErrInvalidOptions, r.Limit)
	}
	return nil
}

// CheckNoLimit returns nil if the range has no Limit, else an ErrInvalidOptions. It is for
// those that take a range as a whole.
func (r Range) CheckNoLimit() error {
	if r.Limit != 0 {
		return fmt.Errorf("%w: only a scan can have a limit", ErrInvalidOptions)
	}
	return nil
}

// Prefix is the range of all keys that begin with p; an empty p is every key.
// The range borrows p.
func Prefix(p []byte) Range { return Range{Start: p, End: prefixEnd(p)} }

// Contains tells whether the range selects key.
func (r Range) Contains(key []byte) bool {
	return string(key) >= string(r.Start) && (r.End == nil || string(key) < string(r.End))
}

// prefixEnd is the least key greater than every key with prefix p: p without
// its trailing 0xff bytes, its last byte raised by one. nil means that no such
// key exists, so that the range is open.
func prefixEnd(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			end := append([]byte(nil), p[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
