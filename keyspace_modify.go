package mantisdb

import (
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Modify is DB.Modify in the keyspace. With KeyspaceOptions.TTL, a new value without a
// time to live has that one.
func (ks *Keyspace) Modify(key []byte, m Modification, o WriteOptions) (before []byte, done Modified, err error) {
	w, err := ks.modifyOptions(m.Kind, o)
	if err != nil {
		return nil, Modified{}, err
	}
	before, done, err = ks.modify(key, m, w)
	if err != nil {
		return nil, Modified{}, err
	}
	if !done.Existed || (m.Kind != ModifyExchange && m.Kind != ModifyTake) {
		return nil, done, nil
	}
	return nonNil(before), done, nil
}

// modifyOptions are those of a modification, as the engine has them. The keyspace's
// time to live is for new values alone.
func (ks *Keyspace) modifyOptions(kind ModificationKind, o WriteOptions) (storage.WriteOptions, error) {
	switch kind {
	case ModifyCompareValue, ModifyCompareVersion, ModifyExchange:
		return ks.valueOptions(o)
	}
	o.Durability = ks.durability(o.Durability)
	return o.engine()
}

func (ks *Keyspace) modify(key []byte, m Modification, w storage.WriteOptions) (before []byte, done Modified, err error) {
	stored, err := ks.key(key)
	if err != nil {
		return nil, Modified{}, err
	}
	before, done, err = ks.engine.Modify(nil, stored.bytes, m, w)
	stored.release()
	return before, done, err
}

// CompareAndSwap is DB.CompareAndSwap in the keyspace, with the time to live of Modify.
func (ks *Keyspace) CompareAndSwap(key, expected, value []byte, o WriteOptions) (swapped bool, err error) {
	_, done, err := ks.Modify(key, Modification{Kind: ModifyCompareValue, Expected: expected, Value: value}, o)
	return done.Version != 0, err
}

// CompareVersionAndSwap is DB.CompareVersionAndSwap in the keyspace, with the time to
// live of Modify.
func (ks *Keyspace) CompareVersionAndSwap(key []byte, version uint64, value []byte, o WriteOptions) (newVersion uint64, swapped bool, err error) {
	_, done, err := ks.Modify(key, Modification{Kind: ModifyCompareVersion, Version: version, Value: value}, o)
	return done.Version, done.Version != 0, err
}

// Increment is DB.Increment in the keyspace.
func (ks *Keyspace) Increment(key []byte, by int64) (int64, error) {
	_, done, err := ks.Modify(key, Modification{Kind: ModifyIncrement, By: by}, WriteOptions{})
	return done.Number, err
}

// Append is DB.Append in the keyspace.
func (ks *Keyspace) Append(key, suffix []byte) (length int, err error) {
	_, done, err := ks.Modify(key, Modification{Kind: ModifyAppend, Value: suffix}, WriteOptions{})
	return int(done.Number), err
}

// GetAndDelete is DB.GetAndDelete in the keyspace.
func (ks *Keyspace) GetAndDelete(key []byte) ([]byte, error) {
	before, done, err := ks.Modify(key, Modification{Kind: ModifyTake}, WriteOptions{})
	if err == nil && !done.Existed {
		err = ErrNotFound
	}
	return before, err
}

// GetAndPut is DB.GetAndPut in the keyspace, with the time to live of Modify.
func (ks *Keyspace) GetAndPut(key, value []byte, o WriteOptions) (before []byte, existed bool, err error) {
	before, done, err := ks.Modify(key, Modification{Kind: ModifyExchange, Value: value}, o)
	return before, done.Existed, err
}

// Expire is DB.Expire in the keyspace.
func (ks *Keyspace) Expire(key []byte, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	return ks.expire(key, ttl)
}

// Persist is DB.Persist in the keyspace.
func (ks *Keyspace) Persist(key []byte) error { return ks.expire(key, 0) }

// expire makes the value of key expire after ttl; 0 is never.
func (ks *Keyspace) expire(key []byte, ttl time.Duration) error {
	_, done, err := ks.Modify(key, Modification{Kind: ModifyExpire}, WriteOptions{TTL: ttl})
	if err == nil && done.Version == 0 {
		err = ErrNotFound
	}
	return err
}
