package storage

import (
	"context"
	"fmt"
)

// Change is one operation of a committed write. Its bytes are borrowed: valid until
// the next call of Next or Close.
type Change struct {
	Kind OpKind
	// Key is what was put or deleted; of a deleted range its first key, nil for the
	// first of all.
	Key []byte
	// Value is what was put; nil otherwise, and in a feed of keys only.
	Value []byte
	// End is the first key after a deleted range, nil if it has no end.
	End []byte
	// ExpiresAt is when a put value expires, in Unix milliseconds; 0 is never.
	ExpiresAt int64
	// Version is that of the operation. Those of a batch have one each, in a row.
	Version uint64
}

// Feed delivers the changes of a range of keys in the order of their versions, each
// once. It is read by one goroutine at a time; Close may come from another. It must be
// closed, since changes are kept for it.
type Feed interface {
	// From is the least version that the feed delivers. So it is where to go on if
	// nothing was delivered.
	From() uint64
	// Next returns the next change. It looks for one, and waits for it, as long as ctx
	// lives; with a context that had ended before, it looks at what is there: at all of
	// it, or at a part, if the error is ErrMoreToLookAt beside the context's.
	// Of a deleted range it tells the part that lies in the feed's range. An error is
	// final, but for the context's: ErrClosed once the feed or the engine is closed, ErrWatchTooSlow if
	// the next changes are gone since they were not read in time, ErrHistoryGone if
	// they were gone before.
	Next(ctx context.Context) (Change, error)
	// Close ends the feed; closing again returns nil.
	Close() error
}

// PassingFeed is a Feed that knows how far it has looked.
type PassingFeed interface {
	Feed
	// Reached is the version behind all that Next has returned or passed over, since it is not of the
	// range: a feed from there on tells what this one is yet to tell. It is called by who reads the feed.
	Reached() uint64
}

// WatchBufferLen is how many bytes of changes an engine keeps for all its feeds
// together while there is one; with a memory limit, no more than a sixteenth of that. A
// feed that is farther behind reads the log, if the engine has one that reaches so far.
const WatchBufferLen = 16 << 20

// CheckWatch returns nil if a range can be watched.
func CheckWatch(r Range) error {
	if r.Reverse {
		return fmt.Errorf("%w: changes come in the order in which they were made, and not in reverse", ErrInvalidOptions)
	}
	return r.CheckNoLimit()
}

// ChangeOf is what an operation with a version changes within the range, if it does anything there:
// without its value if the range is of keys only, and of a deleted range the part that lies within.
func (r Range) ChangeOf(op Op, version uint64) (c Change, changes bool) {
	return changeOf(op, version, r.KeysOnly).clip(r)
}

// changeOf is what an operation changes, without its value if keys are all that is
// wanted.
func changeOf(op Op, version uint64, keysOnly bool) Change {
	c := Change{Kind: op.Kind, Key: op.Key, ExpiresAt: op.ExpiresAt, Version: version}
	switch op.Kind {
	case OpDeleteRange:
		r := op.Range()
		c.End = r.End
		if len(op.Key) == 0 {
			c.Key = nil
		}
	case OpPut:
		if !keysOnly {
			c.Value = op.Value
		}
	}
	return c
}

// clip is the part of a change that lies in a range, if any does.
func (c Change) clip(r Range) (Change, bool) {
	if c.Kind != OpDeleteRange {
		return c, r.Contains(c.Key)
	}
	if string(r.Start) > string(c.Key) {
		c.Key = r.Start
	}
	if r.End != nil && (c.End == nil || string(r.End) < string(c.End)) {
		c.End = r.End
	}
	return c, c.End == nil || string(c.Key) < string(c.End)
}
