package metamorphic

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

// sentinels are the errors that are told apart.
var sentinels = []error{
	mantisdb.ErrNotFound, mantisdb.ErrClosed, mantisdb.ErrKeyEmpty, mantisdb.ErrKeyTooLarge, mantisdb.ErrValueTooLarge,
	mantisdb.ErrBatchTooLarge, mantisdb.ErrOverMemoryLimit, mantisdb.ErrConflict, mantisdb.ErrTxDone, mantisdb.ErrReadOnly, mantisdb.ErrTxTooLarge,
	mantisdb.ErrNotANumber, mantisdb.ErrOverflow, mantisdb.ErrInvalidTTL, mantisdb.ErrInvalidOptions,
	mantisdb.ErrKeyspaceExists, mantisdb.ErrKeyspaceNotFound, mantisdb.ErrKeyspaceDropped,
	mantisdb.ErrHistoryGone, mantisdb.ErrWatchTooSlow,
	mantisdb.ErrUnsupported, mantisdb.ErrLocked, mantisdb.ErrExists, mantisdb.ErrCorrupt, mantisdb.ErrIO,
}

// err compares an error with the one that it must be, or with several joined of which
// it may be any, and says it. It tells whether both are none.
func (t *target) err(what string, got, want error) bool {
	if got == nil || want == nil {
		t.check(got == want, "%s: error %v, want %v", what, got, want)
		return got == want
	}
	right, allowed := false, 0
	var said error
	for _, sentinel := range sentinels {
		is, may := errors.Is(got, sentinel), errors.Is(want, sentinel)
		t.check(may || !is, "%s: error %v, want %v", what, got, want) // it is not taken for another one
		if may {
			allowed++
		}
		if is {
			right, said = true, sentinel
		}
	}
	t.check(right, "%s: error %v, want %v", what, got, want)
	if allowed > 1 {
		said = want
	}
	t.say(said)
	return false
}

// invalid is the error of an operation for its input and its keyspace alone, nil if
// those are valid. If several things are wrong, any may be told.
func (t *target) invalid(o *Op) error {
	wrong := errors.Join(o.Key.invalidKey(), t.spaceOf(o, t.db))
	if o.TTL < 0 {
		wrong = errors.Join(wrong, mantisdb.ErrInvalidTTL)
	}
	if o.Durability > mantisdb.DurabilityMemory {
		wrong = errors.Join(wrong, mantisdb.ErrInvalidOptions)
	}
	if o.Value.len() > mantisdb.MaxValueLen {
		wrong = errors.Join(wrong, mantisdb.ErrValueTooLarge)
	}
	return wrong
}

func (b Blob) len() int { return len(b.unit) * max(1, b.times) }

// invalidKey is the error of a key, nil if it is valid.
func (b Blob) invalidKey() error {
	switch {
	case b.len() == 0:
		return mantisdb.ErrKeyEmpty
	case b.len() > mantisdb.MaxKeyLen:
		return mantisdb.ErrKeyTooLarge
	}
	return nil
}
