package mantisdb

import (
	"errors"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// KeyspaceTx is a transaction's view of a keyspace: what is read and written through it
// is read and written by the transaction.
type KeyspaceTx struct {
	tx *Tx
	ks *Keyspace
}

// Get is Tx.Get in the keyspace.
func (k KeyspaceTx) Get(key []byte) ([]byte, error) {
	value, err := k.AppendGet(nil, key)
	if err != nil {
		return nil, err
	}
	return nonNil(value), nil
}

// AppendGet is Tx.AppendGet in the keyspace.
func (k KeyspaceTx) AppendGet(dst, key []byte) ([]byte, error) {
	dst, _, err := k.AppendGetMeta(dst, key)
	return dst, err
}

// AppendGetMeta is Tx.AppendGetMeta in the keyspace.
func (k KeyspaceTx) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	if k.tx.done {
		return dst, Meta{}, ErrTxDone
	}
	stored, err := k.key(key)
	if err != nil {
		return dst, Meta{}, err
	}
	defer stored.release()
	return k.tx.get(dst, stored.bytes)
}

// Has is Tx.Has in the keyspace.
func (k KeyspaceTx) Has(key []byte) (bool, error) {
	var buffer [512]byte
	_, err := k.AppendGet(buffer[:0], key)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Scan is Tx.Scan in the keyspace.
func (k KeyspaceTx) Scan(r Range) *Scan {
	return newScan(&Scan{ks: k.ks, tx: k.tx, err: k.ks.checkOf(k.tx.db)}, r)
}

// Iterator is Tx.Iterator in the keyspace.
func (k KeyspaceTx) Iterator(r Range) *Iterator {
	return newIterator(k.ks, k.tx, r, k.ks.checkOf(k.tx.db))
}

// Put is Tx.Put in the keyspace. With KeyspaceOptions.TTL, the value expires that time
// after this call.
func (k KeyspaceTx) Put(key, value []byte) error {
	expiresAt, err := k.ks.expiry()
	if err != nil {
		return err
	}
	return k.PutExpiresAt(key, value, expiresAt)
}

// PutTTL is Tx.PutTTL in the keyspace.
func (k KeyspaceTx) PutTTL(key, value []byte, ttl time.Duration) error {
	expiresAt, err := expiryAfter(ttl)
	if err != nil {
		return err
	}
	return k.PutExpiresAt(key, value, expiresAt)
}

// PutExpiresAt is Tx.PutExpiresAt in the keyspace.
func (k KeyspaceTx) PutExpiresAt(key, value []byte, unixMillis int64) error {
	if err := k.tx.mayWrite(len(key) + len(value)); err != nil {
		return err
	}
	stored, err := k.key(key)
	if err != nil {
		return err
	}
	defer stored.release()
	return k.added(k.tx.writes.put(stored.bytes, value, unixMillis))
}

// Delete is Tx.Delete in the keyspace.
func (k KeyspaceTx) Delete(key []byte) error {
	if err := k.tx.mayWrite(len(key)); err != nil {
		return err
	}
	stored, err := k.key(key)
	if err != nil {
		return err
	}
	defer stored.release()
	return k.added(k.tx.writes.delete(stored.bytes))
}

// DeleteRange is Tx.DeleteRange in the keyspace.
func (k KeyspaceTx) DeleteRange(r Range) error {
	if err := k.tx.mayWrite(len(r.Start) + len(r.End)); err != nil {
		return err
	}
	if err := k.ks.checkOf(k.tx.db); err != nil {
		return err
	}
	r, err := k.ks.region.deletion(r)
	if err != nil {
		return err
	}
	return k.added(k.tx.writes.deleteRange(r.Start, r.End))
}

// added is the end of a call that has added a write, unless err tells that it has not.
func (k KeyspaceTx) added(err error) error {
	if err == nil {
		k.tx.scope.add(k.ks)
	}
	return err
}

// key is a user's key as it is stored.
func (k KeyspaceTx) key(key []byte) (storedKey, error) {
	if err := k.ks.checkOf(k.tx.db); err != nil {
		return storedKey{}, err
	}
	return k.ks.key(key)
}

// get appends the value of a stored key to dst, and notes that it was read.
func (tx *Tx) get(dst, key []byte) ([]byte, Meta, error) {
	if op, ok := tx.writes.find(key); ok {
		if op.Kind != storage.OpPut || storage.Expired(op.ExpiresAt) {
			return dst, Meta{}, ErrNotFound
		}
		return append(dst, op.Value...), Meta{ExpiresAt: op.ExpiresAt}, nil
	}
	snap, err := tx.snapshot()
	if err != nil {
		return dst, Meta{}, err
	}
	dst, meta, err := snap.AppendGetMeta(dst, key)
	if (err == nil || errors.Is(err, ErrNotFound)) && !tx.readOnly {
		if noted := tx.noteRead(tx.reads.AddKey(key, meta)); noted != nil {
			return dst, Meta{}, noted
		}
	}
	return dst, meta, err
}
