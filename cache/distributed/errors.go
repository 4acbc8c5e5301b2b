package distributed

import (
	"errors"
	"strings"

	"github.com/olric-data/olric"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
	"github.com/mantisdb/mantisdb/storage"
)

// The errors, compared with errors.Is. Of keys and values that are too long, they are those of
// package storage.
var (
	// ErrNotFound is the error of a key that has no value, or whose value cannot be reached.
	ErrNotFound = storage.ErrNotFound
	// ErrNotStored is the error of a condition that did not hold: nothing was written.
	ErrNotStored = errors.New("not stored: the condition does not hold")
	// ErrTooFewNodes is the error of a node that sees fewer than Config.Quorum.
	ErrTooFewNodes = errors.New("too few nodes of the cache see each other")
	// ErrTooLarge is the error of an entry that is too large for the memory of a node. The key
	// has no value then.
	ErrTooLarge = storage.ErrOverMemoryLimit
	// ErrLate is the error of a write that was not done, since it took a second to come to the
	// node that owns the key, or the two nodes' clocks differ by so much, or that node was cut off a
	// moment ago.
	ErrLate = fragments.ErrLate
	// ErrUnknownOutcome is the error of a write that may have been done, or not: the node that
	// owns the key, or has a copy of it, did not answer.
	ErrUnknownOutcome = errors.New("a node did not answer: it is not known whether it was written")
)

// isMiss tells whether an error of a read is that Olric's owner of the key does not have it.
func isMiss(err error) bool { return errors.Is(err, olric.ErrKeyNotFound) }

// writeError is an error of Olric's write. What comes from another node is a text.
func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, olric.ErrKeyFound), errors.Is(err, olric.ErrKeyNotFound):
		return ErrNotStored
	case errors.Is(err, olric.ErrEntryTooLarge), strings.Contains(err.Error(), olric.ErrEntryTooLarge.Error()):
		return ErrTooLarge
	case strings.Contains(err.Error(), ErrLate.Error()):
		return ErrLate
	case errors.Is(err, olric.ErrClusterQuorum), strings.Contains(err.Error(), "cannot be reached cluster quorum"):
		return ErrTooFewNodes
	default:
		return errors.Join(ErrUnknownOutcome, err)
	}
}
