package mantisdb

import (
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Put is DB.Put in the keyspace. With KeyspaceOptions.TTL the value expires.
func (ks *Keyspace) Put(key, value []byte) error {
	return ks.PutWith(key, value, WriteOptions{})
}

// PutTTL is DB.PutTTL in the keyspace.
func (ks *Keyspace) PutTTL(key, value []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	return ks.PutWith(key, value, WriteOptions{TTL: ttl})
}

// PutWith is DB.PutWith in the keyspace. With KeyspaceOptions.TTL, a value without a
// time to live has that one.
func (ks *Keyspace) PutWith(key, value []byte, o WriteOptions) error {
	w, err := ks.valueOptions(o)
	if err != nil {
		return err
	}
	stored, err := ks.key(key)
	if err != nil {
		return err
	}
	_, err = ks.engine.Put(stored.bytes, value, w)
	stored.release()
	return err
}

// PutIfAbsent is DB.PutIfAbsent in the keyspace. With KeyspaceOptions.TTL, a ttl of 0
// is that one.
func (ks *Keyspace) PutIfAbsent(key, value []byte, ttl time.Duration) (stored bool, err error) {
	return ks.PutIfAbsentWith(key, value, WriteOptions{TTL: ttl})
}

// PutIfAbsentWith is DB.PutIfAbsentWith in the keyspace, with the time to live of
// PutWith.
func (ks *Keyspace) PutIfAbsentWith(key, value []byte, o WriteOptions) (stored bool, err error) {
	w, err := ks.valueOptions(o)
	if err != nil {
		return false, err
	}
	k, err := ks.key(key)
	if err != nil {
		return false, err
	}
	_, stored, err = ks.engine.PutIfAbsent(k.bytes, value, w)
	k.release()
	return stored, err
}

// Delete is DB.Delete in the keyspace.
func (ks *Keyspace) Delete(key []byte) error { return ks.DeleteWith(key, WriteOptions{}) }

// DeleteWith is DB.DeleteWith in the keyspace.
func (ks *Keyspace) DeleteWith(key []byte, o WriteOptions) error {
	w, err := o.timeless("a deletion")
	if err != nil {
		return err
	}
	stored, err := ks.key(key)
	if err != nil {
		return err
	}
	w.Durability = ks.durability(w.Durability)
	_, err = ks.engine.Delete(stored.bytes, w)
	stored.release()
	return err
}

// DeleteRange is DB.DeleteRange in the keyspace: the range of all keys empties it.
func (ks *Keyspace) DeleteRange(r Range) error { return ks.DeleteRangeWith(r, WriteOptions{}) }

// DeleteRangeWith is DB.DeleteRangeWith in the keyspace.
func (ks *Keyspace) DeleteRangeWith(r Range, o WriteOptions) error {
	w, err := o.timeless("a deletion")
	if err != nil {
		return err
	}
	if err := ks.check(); err != nil {
		return err
	}
	r, err = ks.region.deletion(r)
	if err != nil {
		return err
	}
	var b storage.Batch
	if err := b.DeleteRange(r.Start, r.End); err != nil {
		return err
	}
	w.Durability = ks.durability(w.Durability)
	_, err = ks.engine.Write(&b, w)
	return err
}
