//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_last_error
#cgo nocallback mantisdb_last_error
*/
import "C"

import (
	"fmt"
	"runtime"
)

// statusErrors are the errors that the core's statuses stand for.
var statusErrors = map[C.int32_t]error{
	C.MANTISDB_NOT_FOUND:         ErrNotFound,
	C.MANTISDB_CLOSED:            ErrClosed,
	C.MANTISDB_KEY_EMPTY:         ErrKeyEmpty,
	C.MANTISDB_KEY_TOO_LARGE:     ErrKeyTooLarge,
	C.MANTISDB_VALUE_TOO_LARGE:   ErrValueTooLarge,
	C.MANTISDB_BATCH_TOO_LARGE:   ErrBatchTooLarge,
	C.MANTISDB_OVER_MEMORY_LIMIT: ErrOverMemoryLimit,
	C.MANTISDB_BATCH_CORRUPT:     ErrBatchCorrupt,
	C.MANTISDB_INVALID_ARGUMENT:  ErrInvalidOptions,
	C.MANTISDB_CONFLICT:          ErrConflict,
	C.MANTISDB_HISTORY_GONE:      ErrHistoryGone,
	C.MANTISDB_WATCH_TOO_SLOW:    ErrWatchTooSlow,
	C.MANTISDB_NOT_A_NUMBER:      ErrNotANumber,
	C.MANTISDB_OVERFLOW:          ErrOverflow,
	C.MANTISDB_OUT_OF_MEMORY:     ErrOutOfMemory,
	C.MANTISDB_POISONED:          ErrPoisoned,
	C.MANTISDB_PANICKED:          fmt.Errorf("%w: the Rust core panicked", ErrPoisoned),
	C.MANTISDB_THREAD_SPAWN:      fmt.Errorf("%w: no thread for background work", ErrOutOfMemory),
	C.MANTISDB_IO:                ErrIO,
	C.MANTISDB_DISK_FULL:         ErrDiskFull,
	C.MANTISDB_CORRUPT:           ErrCorrupt,
	C.MANTISDB_LOCKED:            ErrLocked,
	C.MANTISDB_WRONG_FORMAT:      ErrWrongFormat,
	C.MANTISDB_WRITES_FAILED:     fmt.Errorf("%w: %w", ErrWritesFailed, ErrIO),
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
	return fmt.Errorf("mantisdb: the core returned the unknown status %d", int32(status))
}

// errorOf is errorOf with what the core has to tell beyond the status. The core
// keeps one text a status, so a text may be that of another call that failed at
// the same time, but of one that failed in the same way.
func (e *RustStorageEngine) errorOf(status C.int32_t) error {
	switch status {
	case C.MANTISDB_IO, C.MANTISDB_DISK_FULL, C.MANTISDB_CORRUPT, C.MANTISDB_WRONG_FORMAT, C.MANTISDB_WRITES_FAILED,
		C.MANTISDB_HISTORY_GONE, C.MANTISDB_WATCH_TOO_SLOW, C.MANTISDB_OVER_MEMORY_LIMIT:
	case C.MANTISDB_POISONED, C.MANTISDB_PANICKED:
		e.changed.ring() // no write will: who watches is to find out
		return errorOf(status)
	default:
		return errorOf(status)
	}
	var message [512]byte
	var length C.size_t
	C.mantisdb_last_error(e.db, status, bytesPtr(message[:]), C.size_t(len(message)), &length)
	runtime.KeepAlive(e)
	return detailed(errorOf(status), message[:min(int(length), len(message))])
}

// detailed adds a message of the core to an error.
func detailed(err error, message []byte) error {
	if len(message) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, message)
}

// errorAt is the error of a call that concerns a data directory as a whole, whose
// true name is name, with the message that the call gave.
func errorAt(name, dir string, status C.int32_t, message []byte) error {
	if status == C.MANTISDB_LOCKED {
		return lockedError(name, dir)
	}
	return detailed(errorOf(status), message)
}
