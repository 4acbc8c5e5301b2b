package mantisdb

import (
	"errors"
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// The errors of this package. They may come wrapped with detail; compare with
// errors.Is.
var (
	// ErrNotFound: the key has no live value (absent, deleted or expired).
	ErrNotFound = storage.ErrNotFound
	// ErrClosed: the database, the snapshot, the iterator or the watch was closed before
	// the call.
	ErrClosed = storage.ErrClosed
	// ErrKeyEmpty: the empty key is not a key.
	ErrKeyEmpty = storage.ErrKeyEmpty
	// ErrKeyTooLarge: the key is longer than MaxKeyLen bytes.
	ErrKeyTooLarge = storage.ErrKeyTooLarge
	// ErrValueTooLarge: the value is longer than MaxValueLen bytes.
	ErrValueTooLarge = storage.ErrValueTooLarge
	// ErrOverMemoryLimit: the write alone is larger than what the memory limit of
	// EngineCache has room for.
	ErrOverMemoryLimit = storage.ErrOverMemoryLimit
	// ErrResultTooLarge: what MultiGetInto found is more than Values.SetLimit allows.
	ErrResultTooLarge = storage.ErrResultTooLarge
	// ErrBatchTooLarge: the batch is longer than MaxBatchLen bytes.
	ErrBatchTooLarge = storage.ErrBatchTooLarge
	// ErrBatchCorrupt: a packed batch does not parse; nothing was applied.
	ErrBatchCorrupt = storage.ErrBatchCorrupt
	// ErrKeyspaceExists: a keyspace of that name exists already.
	ErrKeyspaceExists = errors.New("mantisdb: keyspace exists already")
	// ErrKeyspaceNotFound: there is no keyspace of that name.
	ErrKeyspaceNotFound = errors.New("mantisdb: keyspace not found")
	// ErrKeyspaceDropped: the keyspace was dropped before the call.
	ErrKeyspaceDropped = errors.New("mantisdb: keyspace was dropped")
	// ErrConflict: something that a transaction read has changed before it was
	// committed; nothing was written.
	ErrConflict = storage.ErrConflict
	// ErrTxDone: the transaction has ended before, by Commit or Discard.
	ErrTxDone = errors.New("mantisdb: transaction has ended")
	// ErrReadOnly: the transaction is one that only reads.
	ErrReadOnly = errors.New("mantisdb: transaction is read-only")
	// ErrTxTooLarge: what the transaction has read and is to write takes more than
	// the memory limit, or more than fits into a batch.
	ErrTxTooLarge = errors.New("mantisdb: transaction too large")
	// ErrHistoryGone: changes that a watch is to begin with were not kept, or not for
	// so long: read the state anew, and go on from there. Its text tells from which
	// version on changes can be had.
	ErrHistoryGone = storage.ErrHistoryGone
	// ErrWatchTooSlow: a watch was read so slowly that changes are gone which it has
	// not delivered: read the state anew, and go on from there. Its text tells from
	// which version on changes can be had.
	ErrWatchTooSlow = storage.ErrWatchTooSlow
	// ErrNotANumber: the value to be counted up is not a decimal number of 64 bits.
	ErrNotANumber = storage.ErrNotANumber
	// ErrOverflow: the number would not fit into 64 bits with a sign.
	ErrOverflow = storage.ErrOverflow
	// ErrInvalidTTL: a time to live is not positive.
	ErrInvalidTTL = errors.New("mantisdb: invalid time to live")
	// ErrInvalidOptions: an option is out of range or contradicts another.
	ErrInvalidOptions = storage.ErrInvalidOptions
	// ErrUnknownEngine: no engine of that name exists.
	ErrUnknownEngine = storage.ErrUnknownEngine
	// ErrEngineNotBuilt: the engine exists, but this binary was built without it.
	ErrEngineNotBuilt = storage.ErrEngineNotBuilt
	// ErrUnsupported: this engine cannot do what was asked.
	ErrUnsupported = storage.ErrUnsupported
	// ErrWrongEngine: the data directory belongs to another engine.
	ErrWrongEngine = storage.ErrWrongEngine
	// ErrWrongFormat: the data directory has a format this version does not read.
	ErrWrongFormat = storage.ErrWrongFormat
	// ErrLocked: the data directory is already open, here or in another process.
	ErrLocked = storage.ErrLocked
	// ErrExists: what is to be made anew exists already, and is not empty. It is an
	// ErrInvalidOptions.
	ErrExists = storage.ErrExists
	// ErrIO: the operating system refused to read or write a file.
	ErrIO = storage.ErrIO
	// ErrDiskFull: there is no space left, or no quota. It is an ErrIO. Unless it
	// comes with ErrPoisoned, only this call was refused, and the next one may
	// find room.
	ErrDiskFull = storage.ErrDiskFull
	// ErrCorrupt: stored bytes failed verification.
	ErrCorrupt = storage.ErrCorrupt
	// ErrPoisoned: an earlier internal failure left the engine unable to
	// promise anything; close the database and open it again.
	ErrPoisoned = storage.ErrPoisoned
	// ErrWritesFailed: a file could not be written or synced earlier, so writes
	// are refused until the database is opened again. It is an ErrPoisoned.
	ErrWritesFailed = storage.ErrWritesFailed
	// ErrOutOfMemory: the engine could not get the memory it needed.
	ErrOutOfMemory = storage.ErrOutOfMemory
	// ErrABIMismatch: the linked Rust core speaks another version of the C ABI.
	ErrABIMismatch = storage.ErrABIMismatch
)

// expiryAfter turns a time to live into an absolute expiry in Unix
// milliseconds, rounded up so that no value expires early.
func expiryAfter(ttl time.Duration) (int64, error) {
	if err := checkTTL(ttl); err != nil {
		return 0, err
	}
	return storage.Now() + milliseconds(ttl), nil
}

// checkTTL returns nil for a time to live that is positive.
func checkTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("%w: %v is not positive", ErrInvalidTTL, ttl)
	}
	return nil
}

// milliseconds is a time to live in whole milliseconds, rounded up.
func milliseconds(ttl time.Duration) int64 {
	ms := int64(ttl / time.Millisecond)
	if ttl%time.Millisecond != 0 {
		ms++
	}
	return ms
}
