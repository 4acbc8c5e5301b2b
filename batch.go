package mantisdb

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Batch gathers writes that DB.Write applies together: whole, or not at all. A
// later operation on the same key wins. The zero value is ready; a Batch is not
// safe for concurrent use. Everything given to it is copied.
//
// Its own methods write to the default keyspace, In to others.
type Batch struct {
	ops   storage.Batch
	scope scope
}

// In is a view of the batch in a keyspace; nil is the default one. The batch can be
// written to the keyspace's database alone.
func (b *Batch) In(ks *Keyspace) KeyspaceBatch { return KeyspaceBatch{b, ks} }

// Put adds a write of value under key, without expiry.
func (b *Batch) Put(key, value []byte) error { return b.In(nil).Put(key, value) }

// PutTTL adds a write of value under key that expires ttl after this call, not
// after Write. ttl is rounded up to whole milliseconds; one that is not
// positive is ErrInvalidTTL.
func (b *Batch) PutTTL(key, value []byte, ttl time.Duration) error {
	return b.In(nil).PutTTL(key, value, ttl)
}

// PutExpiresAt adds a write of value under key that expires at a time in Unix
// milliseconds; 0 is never. A time that has passed is allowed: the key is then
// absent after Write.
func (b *Batch) PutExpiresAt(key, value []byte, unixMillis int64) error {
	return b.In(nil).PutExpiresAt(key, value, unixMillis)
}

// Delete adds the removal of key, which need not exist.
func (b *Batch) Delete(key []byte) error { return b.In(nil).Delete(key) }

// DeleteRange adds the removal of every key of a range; what is added later stays.
// r's Reverse and KeysOnly make no difference. A range that holds no key adds
// nothing.
func (b *Batch) DeleteRange(r Range) error { return b.In(nil).DeleteRange(r) }

// SetAppliedIndex stores index with the batch, for DB.AppliedIndex. It is opaque, of at
// most MaxAppliedIndexLen bytes; the last one wins. It counts in Size and not in Len.
func (b *Batch) SetAppliedIndex(index []byte) error {
	if err := checkAppliedIndex(index); err != nil {
		return err
	}
	if err := b.ops.Put(appliedIndexKey, index, 0); err != nil {
		return err
	}
	b.scope.addIndex()
	return nil
}

// Len is the number of operations.
func (b *Batch) Len() int { return b.ops.Len() - b.scope.indexes }

// Size is the length of the batch in bytes, at most MaxBatchLen.
func (b *Batch) Size() int { return b.ops.Size() }

// Reset empties the batch and keeps its memory for the next use.
func (b *Batch) Reset() {
	b.ops.Reset()
	b.scope.reset()
}

// check returns nil if the batch can be written to a database.
func (b *Batch) check(db *DB) error {
	if b == nil {
		return fmt.Errorf("%w: the batch is nil", ErrInvalidOptions)
	}
	return b.scope.check(db)
}

// KeyspaceBatch is a batch's view of a keyspace: what it is given is added to the batch.
type KeyspaceBatch struct {
	b  *Batch
	ks *Keyspace // nil: the default one
}

// Put adds a write as Batch.Put does. With KeyspaceOptions.TTL, the value expires that
// time after this call.
func (k KeyspaceBatch) Put(key, value []byte) error {
	if k.ks == nil {
		return k.put(key, value, 0)
	}
	expiresAt, err := k.ks.expiry()
	if err != nil {
		return err
	}
	return k.put(key, value, expiresAt)
}

// PutTTL adds a write as Batch.PutTTL does.
func (k KeyspaceBatch) PutTTL(key, value []byte, ttl time.Duration) error {
	expiresAt, err := expiryAfter(ttl)
	if err != nil {
		return err
	}
	return k.put(key, value, expiresAt)
}

// PutExpiresAt adds a write as Batch.PutExpiresAt does.
func (k KeyspaceBatch) PutExpiresAt(key, value []byte, unixMillis int64) error {
	return k.put(key, value, unixMillis)
}

func (k KeyspaceBatch) put(key, value []byte, expiresAt int64) error {
	stored, err := k.key(key)
	if err != nil {
		return err
	}
	err = k.b.ops.Put(stored.bytes, value, expiresAt)
	stored.release()
	return k.added(err)
}

// Delete adds the removal of key, which need not exist.
func (k KeyspaceBatch) Delete(key []byte) error {
	stored, err := k.key(key)
	if err != nil {
		return err
	}
	err = k.b.ops.Delete(stored.bytes)
	stored.release()
	return k.added(err)
}

// DeleteRange adds the removal of every key of a range as Batch.DeleteRange does.
func (k KeyspaceBatch) DeleteRange(r Range) error {
	ks := k.keyspace()
	if err := ks.check(); err != nil {
		return err
	}
	r, err := ks.region.deletion(r)
	if err != nil {
		return err
	}
	return k.added(k.b.ops.DeleteRange(r.Start, r.End))
}

// added is the end of a call that has added an operation, unless err tells that it has
// not.
func (k KeyspaceBatch) added(err error) error {
	if err == nil {
		k.b.scope.add(k.ks)
	}
	return err
}

func (k KeyspaceBatch) key(key []byte) (storedKey, error) { return k.keyspace().key(key) }

// anyMain stands for the default keyspace of any database, in what needs none.
var anyMain Keyspace

func (k KeyspaceBatch) keyspace() *Keyspace {
	if k.ks == nil {
		return &anyMain
	}
	return k.ks
}
