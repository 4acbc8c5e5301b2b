//go:build rust

package storage

// #include <mantisdb_core.h>
import "C"

import "fmt"

// errorOf is the error that a status of the core stands for; nil for success.
func errorOf(status C.int32_t) error {
	switch status {
	case C.MANTISDB_OK:
		return nil
	case C.MANTISDB_NOT_FOUND:
		return ErrNotFound
	case C.MANTISDB_CLOSED:
		return ErrClosed
	case C.MANTISDB_KEY_EMPTY:
		return ErrKeyEmpty
	case C.MANTISDB_KEY_TOO_LARGE:
		return ErrKeyTooLarge
	case C.MANTISDB_VALUE_TOO_LARGE:
		return ErrValueTooLarge
	case C.MANTISDB_BATCH_TOO_LARGE:
		return ErrBatchTooLarge
	case C.MANTISDB_BATCH_CORRUPT:
		return ErrBatchCorrupt
	case C.MANTISDB_INVALID_ARGUMENT:
		return ErrInvalidOptions
	case C.MANTISDB_OUT_OF_MEMORY:
		return ErrOutOfMemory
	case C.MANTISDB_POISONED:
		return ErrPoisoned
	case C.MANTISDB_PANICKED:
		return fmt.Errorf("%w: the Rust core panicked", ErrPoisoned)
	case C.MANTISDB_THREAD_SPAWN:
		return fmt.Errorf("%w: no thread for background work", ErrOutOfMemory)
	default:
		return fmt.Errorf("mantisdb: the core returned the unknown status %d", int32(status))
	}
}
