package storage

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// translate gives Pebble's errors the names of this package.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case isOwn(err):
		return err
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("%w: %s", ErrCorrupt, firstLine(err))
	default:
		return fmt.Errorf("mantisdb: %w", ioError(err))
	}
}

// isOwn tells whether err has a name of this package already.
func isOwn(err error) bool {
	return errors.Is(err, ErrClosed) || errors.Is(err, ErrCorrupt) || errors.Is(err, ErrPoisoned) || errors.Is(err, ErrIO)
}
