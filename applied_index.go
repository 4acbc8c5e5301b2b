package mantisdb

import (
	"errors"
	"fmt"
)

// MaxAppliedIndexLen is the length of the longest applied index, in bytes.
const MaxAppliedIndexLen = 4096

// appliedIndexKey is where the applied index is stored.
var appliedIndexKey = systemKey(appliedIndexTag, nil)

// AppliedIndex returns what SetAppliedIndex gave the newest batch or transaction that has
// an index, nil if none has. It is stored with that batch: whatever a crash leaves, the
// index is there exactly if the batch is. So a program that applies a log of its own
// learns how far the database has got.
func (db *DB) AppliedIndex() ([]byte, error) {
	index, err := db.engine.AppendGet(nil, appliedIndexKey)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return nonNil(index), nil
}

func checkAppliedIndex(index []byte) error {
	if len(index) > MaxAppliedIndexLen {
		return fmt.Errorf("%w: an applied index of %d bytes, at most %d", ErrInvalidOptions, len(index), MaxAppliedIndexLen)
	}
	return nil
}
