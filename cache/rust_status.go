//go:build rust

package cache

// #include <mantisdb_core.h>
import "C"

import "fmt"

// statusErrors are the errors that the core's statuses stand for.
var statusErrors = map[C.int32_t]error{
	C.MANTISDB_NOT_FOUND:        ErrNotFound,
	C.MANTISDB_BUSY:             ErrBusy,
	C.MANTISDB_CLOSED:           ErrClosed,
	C.MANTISDB_KEY_EMPTY:        ErrKeyEmpty,
	C.MANTISDB_KEY_TOO_LARGE:    ErrKeyTooLarge,
	C.MANTISDB_VALUE_TOO_LARGE:  ErrTooLarge,
	C.MANTISDB_OVER_BUDGET:      ErrTooLarge,
	C.MANTISDB_INVALID_ARGUMENT: ErrInvalidOptions,
	C.MANTISDB_OUT_OF_MEMORY:    ErrOutOfMemory,
	C.MANTISDB_POISONED:         ErrPoisoned,
	C.MANTISDB_PANICKED:         fmt.Errorf("%w: the Rust core panicked", ErrPoisoned),
	C.MANTISDB_THREAD_SPAWN:     fmt.Errorf("%w: no thread for background work", ErrOutOfMemory),
}

// errorOf is the error that a status of the core stands for; nil for success.
func errorOf(status C.int32_t) error {
	switch status {
	case C.MANTISDB_OK:
		return nil
	case C.MANTISDB_NOT_FOUND:
		return ErrNotFound
	}
	if err := statusErrors[status]; err != nil {
		return err
	}
	return fmt.Errorf("cache: the core returned the unknown status %d", int32(status))
}
