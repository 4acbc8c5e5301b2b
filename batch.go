package mantisdb

import (
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Batch gathers writes that DB.Write applies together: whole, or not at all. A
// later operation on the same key wins. The zero value is ready; a Batch is not
// safe for concurrent use. Everything given to it is copied.
type Batch struct {
	ops storage.Batch
}

// Put adds a write of value under key, without expiry.
func (b *Batch) Put(key, value []byte) error { return b.ops.Put(key, value, 0) }

// PutTTL adds a write of value under key that expires ttl after this call, not
// after Write. ttl is rounded up to whole milliseconds; one that is not
// positive is ErrInvalidTTL.
func (b *Batch) PutTTL(key, value []byte, ttl time.Duration) error {
	expiresAt, err := expiryAfter(ttl)
	if err != nil {
		return err
	}
	return b.ops.Put(key, value, expiresAt)
}

// PutExpiresAt adds a write of value under key that expires at a time in Unix
// milliseconds; 0 is never. A time that has passed is allowed: the key is then
// absent after Write.
func (b *Batch) PutExpiresAt(key, value []byte, unixMillis int64) error {
	return b.ops.Put(key, value, unixMillis)
}

// Delete adds the removal of key, which need not exist.
func (b *Batch) Delete(key []byte) error { return b.ops.Delete(key) }

// DeleteRange adds the removal of every key of a range; what is added later stays.
// r's Reverse and KeysOnly make no difference. A range that holds no key adds
// nothing.
func (b *Batch) DeleteRange(r Range) error { return b.ops.DeleteRange(r.Start, r.End) }

// Len is the number of operations.
func (b *Batch) Len() int { return b.ops.Len() }

// Size is the length of the batch in bytes, at most MaxBatchLen.
func (b *Batch) Size() int { return b.ops.Size() }

// Reset empties the batch and keeps its memory for the next use.
func (b *Batch) Reset() { b.ops.Reset() }
