package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// The errors every engine returns. They may come wrapped with detail; compare
// with errors.Is.
var (
	// ErrNotFound: the key has no live value (absent, deleted or expired).
	ErrNotFound = errors.New("mantisdb: key not found")
	// ErrClosed: the engine, snapshot or cursor was closed before the call.
	ErrClosed = errors.New("mantisdb: closed")
	// ErrKeyEmpty: the empty key is not a key.
	ErrKeyEmpty = errors.New("mantisdb: key is empty")
	// ErrKeyTooLarge: the key is longer than MaxKeyLen bytes.
	ErrKeyTooLarge = errors.New("mantisdb: key too large")
	// ErrValueTooLarge: the value is longer than MaxValueLen bytes.
	ErrValueTooLarge = errors.New("mantisdb: value too large")
	// ErrResultTooLarge: what was asked for is more than the limit of who asked.
	ErrResultTooLarge = errors.New("mantisdb: result too large")
	// ErrBatchTooLarge: the packed batch is longer than MaxBatchLen bytes.
	ErrBatchTooLarge = errors.New("mantisdb: batch too large")
	// ErrOverMemoryLimit: the write alone is larger than what the memory limit of a cache
	// has room for.
	ErrOverMemoryLimit = errors.New("mantisdb: too large for the memory limit")
	// ErrBatchCorrupt: a packed batch does not parse; nothing was applied.
	ErrBatchCorrupt = errors.New("mantisdb: malformed batch")
	// ErrConflict: what a transaction read has changed since; nothing was written.
	ErrConflict = errors.New("mantisdb: transaction conflict: what it read has changed since")
	// ErrMoreToLookAt: a feed has looked at some of what is there, and found no change of its
	// range. It is no end of the feed, which goes on behind that.
	ErrMoreToLookAt = errors.New("mantisdb: the feed has not looked at all that is there yet")
	// ErrHistoryGone: changes that a feed asks for were not kept, or not for so long.
	ErrHistoryGone = errors.New("mantisdb: changes of the past cannot be had any more")
	// ErrWatchTooSlow: changes that a feed has not delivered are gone, since it was
	// read too slowly.
	ErrWatchTooSlow = errors.New("mantisdb: the watch was read too slowly, and has missed changes")
	// ErrNotANumber: the value to be counted up is not a decimal number of 64 bits.
	ErrNotANumber = errors.New("mantisdb: value is not a decimal number of 64 bits")
	// ErrOverflow: the number would not fit into 64 bits with a sign.
	ErrOverflow = errors.New("mantisdb: number would overflow 64 bits")
	// ErrInvalidOptions: an option is out of range or contradicts another.
	ErrInvalidOptions = errors.New("mantisdb: invalid options")
	// ErrUnknownEngine: no engine of that name exists.
	ErrUnknownEngine = errors.New("mantisdb: unknown engine")
	// ErrEngineNotBuilt: the engine exists, but this binary was built without it.
	ErrEngineNotBuilt = errors.New("mantisdb: engine not built in")
	// ErrUnsupported: this engine cannot do what was asked.
	ErrUnsupported = errors.New("mantisdb: not supported")
	// ErrWrongEngine: the data directory belongs to another engine.
	ErrWrongEngine = errors.New("mantisdb: data directory belongs to another engine")
	// ErrWrongFormat: the data directory has a format this version does not read.
	ErrWrongFormat = errors.New("mantisdb: unknown data directory format")
	// ErrLocked: the data directory is already open, here or in another process.
	ErrLocked = errors.New("mantisdb: data directory is in use")
	// ErrExists: what is to be made anew exists already, and is not empty. It is an
	// ErrInvalidOptions.
	ErrExists error = &kindOf{"mantisdb: exists already", ErrInvalidOptions}
	// ErrIO: the operating system refused to read or write a file.
	ErrIO = errors.New("mantisdb: input or output failed")
	// ErrDiskFull: there is no space left, or no quota. It is an ErrIO. Unless it
	// comes with ErrPoisoned, only this call was refused, and the next one may
	// find room.
	ErrDiskFull error = &kindOf{"mantisdb: the disk is full", ErrIO}
	// ErrCorrupt: stored bytes failed verification.
	ErrCorrupt = errors.New("mantisdb: corrupt data")
	// ErrPoisoned: an earlier internal failure left the engine unable to
	// promise anything; it must be closed and opened again.
	ErrPoisoned = errors.New("mantisdb: engine is poisoned by an earlier internal failure")
	// ErrWritesFailed: a file could not be written or synced earlier, so that no
	// later write can be acknowledged; reads go on. It is an ErrPoisoned.
	ErrWritesFailed error = &kindOf{"mantisdb: writing failed earlier, and writes are refused until the database is opened again", ErrPoisoned}
	// ErrOutOfMemory: the engine could not get the memory it needed.
	ErrOutOfMemory = errors.New("mantisdb: out of memory")
	// ErrABIMismatch: the linked Rust core speaks another version of the C ABI.
	ErrABIMismatch = errors.New("mantisdb: linked core has another ABI version")
)

// kindOf is an error that is a special case of another one.
type kindOf struct {
	text   string
	parent error
}

func (e *kindOf) Error() string { return e.text }
func (e *kindOf) Unwrap() error { return e.parent }

// notADirectory tells that a file is where a data directory should be.
func notADirectory(path string) error {
	return &kindOf{"mantisdb: " + path + " is a file, and a directory is needed", ErrWrongFormat}
}

// ioError names what kind of failure of a file err is; one that is none is
// returned as it is.
func ioError(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrIO):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.LinkError)), errors.As(err, new(*os.SyscallError)),
		errors.As(err, new(syscall.Errno)):
		return fmt.Errorf("%w: %w", ErrIO, err)
	}
	return err
}

// CheckKey returns nil if key may be stored: 1 to MaxKeyLen bytes of any kind.
func CheckKey(key []byte) error {
	if len(key) == 0 {
		return ErrKeyEmpty
	}
	if len(key) > MaxKeyLen {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrKeyTooLarge, len(key), MaxKeyLen)
	}
	return nil
}

// checkExpiry returns nil for an expiry in Unix milliseconds, or 0 for never.
func checkExpiry(expiresAt int64) error {
	if expiresAt < 0 {
		return fmt.Errorf("%w: expiry %d is before 1970", ErrInvalidOptions, expiresAt)
	}
	return nil
}

// CheckValue returns nil if value may be stored: at most MaxValueLen bytes.
func CheckValue(value []byte) error {
	if len(value) > MaxValueLen {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrValueTooLarge, len(value), MaxValueLen)
	}
	return nil
}

// Check returns nil if a write of a value may have these options.
func (o WriteOptions) Check() error {
	return errors.Join(o.Durability.check(), checkExpiry(o.ExpiresAt))
}

// checkWrite checks what every write of a value must keep to.
func checkWrite(key, value []byte, o WriteOptions) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := CheckValue(value); err != nil {
		return err
	}
	if err := o.Durability.check(); err != nil {
		return err
	}
	return checkExpiry(o.ExpiresAt)
}

// CheckBatch returns nil if a batch may be written with these options.
func (o WriteOptions) CheckBatch() error {
	if o.ExpiresAt != 0 {
		return fmt.Errorf("%w: the operations of a batch carry their own expiry", ErrInvalidOptions)
	}
	return o.Durability.check()
}
