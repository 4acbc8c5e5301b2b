package mantisdb

import (
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Modification says how DB.Modify changes a key's value. Its fields:
//
//   - Kind ModificationKind is one of the kinds below.
//   - Value []byte is what is stored, or appended.
//   - Expected []byte is what ModifyCompareValue compares with.
//   - Version uint64 is what ModifyCompareVersion compares with; 0: no value.
//   - By int64 is what ModifyIncrement adds.
type Modification = storage.Modification

// ModificationKind tells what a Modification does.
type ModificationKind = storage.ModificationKind

// The kinds of modification.
const (
	// ModifyCompareValue stores Value if the key's value has the bytes of Expected.
	ModifyCompareValue = storage.CompareValue
	// ModifyCompareVersion stores Value if the key's value has the version Version;
	// 0: if the key has none.
	ModifyCompareVersion = storage.CompareVersion
	// ModifyExchange stores Value, whatever there is, and gives the value before.
	ModifyExchange = storage.Exchange
	// ModifyTake removes the value, and gives it.
	ModifyTake = storage.Take
	// ModifyIncrement adds By to the value, a decimal number of 64 bits with a sign;
	// none is 0.
	ModifyIncrement = storage.Increment
	// ModifyAppend adds Value at the value's end; none is an empty one.
	ModifyAppend = storage.Append
	// ModifyExpire makes the value expire as WriteOptions.TTL says; 0 is never.
	ModifyExpire = storage.Expire
)

// Modified tells how a modification ended. Its fields:
//
//   - Version uint64 is that of the write; 0 if there was nothing to be done: another
//     value than the expected one, or none to be taken or to be given an expiry.
//   - Number int64 is the new number after an increment, the new length in bytes
//     after an append.
//   - Existed bool tells whether the key had a value before, and Before Meta
//     describes it.
type Modified = storage.Modified

// Modify changes the value of key in one step, between which no other write comes,
// with the durability and the time to live that o says. Increments and appends keep
// the expiry that there is and take no TTL, nor does a take. The value before is
// returned if ModifyExchange or ModifyTake replaced one; it belongs to the caller.
//
// The methods below are the usual cases, in short.
func (db *DB) Modify(key []byte, m Modification, o WriteOptions) (before []byte, done Modified, err error) {
	w, err := o.engine()
	if err != nil {
		return nil, Modified{}, err
	}
	before, done, err = db.engine.Modify(nil, key, m, w)
	if err != nil {
		return nil, Modified{}, err
	}
	if !done.Existed || (m.Kind != ModifyExchange && m.Kind != ModifyTake) {
		return nil, done, nil
	}
	return nonNil(before), done, nil
}

// CompareAndSwap stores value under key, as o says, if the key's value is expected,
// and tells whether it did. A key without a value has none that is expected: that is
// PutIfAbsent.
func (db *DB) CompareAndSwap(key, expected, value []byte, o WriteOptions) (swapped bool, err error) {
	_, done, err := db.Modify(key, Modification{Kind: ModifyCompareValue, Expected: expected, Value: value}, o)
	return done.Version != 0, err
}

// CompareVersionAndSwap stores value under key, as o says, if the key's value has
// the version that AppendGetMeta told, 0 for none. It tells whether it did, and the
// new version.
func (db *DB) CompareVersionAndSwap(key []byte, version uint64, value []byte, o WriteOptions) (newVersion uint64, swapped bool, err error) {
	_, done, err := db.Modify(key, Modification{Kind: ModifyCompareVersion, Version: version, Value: value}, o)
	return done.Version, done.Version != 0, err
}

// Increment adds by to the number under key, which may be negative, and returns the
// sum. The number is text: a decimal number of 64 bits, as strconv.FormatInt writes
// it; a key without a value counts as 0. Any other value is ErrNotANumber, a sum that
// does not fit ErrOverflow; then nothing is written.
func (db *DB) Increment(key []byte, by int64) (int64, error) {
	_, done, err := db.engine.Modify(nil, key, Modification{Kind: ModifyIncrement, By: by}, storage.WriteOptions{})
	return done.Number, err
}

// Append adds suffix at the end of the value of key, which need not have one, and
// returns the new length in bytes.
func (db *DB) Append(key, suffix []byte) (length int, err error) {
	_, done, err := db.engine.Modify(nil, key, Modification{Kind: ModifyAppend, Value: suffix}, storage.WriteOptions{})
	return int(done.Number), err
}

// GetAndDelete removes key and returns the value that it had, which belongs to the
// caller, or ErrNotFound.
func (db *DB) GetAndDelete(key []byte) ([]byte, error) {
	before, done, err := db.Modify(key, Modification{Kind: ModifyTake}, WriteOptions{})
	if err == nil && !done.Existed {
		err = ErrNotFound
	}
	return before, err
}

// GetAndPut stores value under key, as o says, and returns the value before, which
// belongs to the caller, and whether there was one.
func (db *DB) GetAndPut(key, value []byte, o WriteOptions) (before []byte, existed bool, err error) {
	before, done, err := db.Modify(key, Modification{Kind: ModifyExchange, Value: value}, o)
	return before, done.Existed, err
}

// Expire makes the value of key expire after ttl, rounded up to whole milliseconds.
// A ttl that is not positive is ErrInvalidTTL, a key without a value ErrNotFound.
func (db *DB) Expire(key []byte, ttl time.Duration) error {
	expiresAt, err := expiryAfter(ttl)
	if err != nil {
		return err
	}
	return db.expireAt(key, expiresAt)
}

// Persist makes the value of key stay for ever. A key without a value is
// ErrNotFound.
func (db *DB) Persist(key []byte) error { return db.expireAt(key, 0) }

func (db *DB) expireAt(key []byte, expiresAt int64) error {
	_, done, err := db.engine.Modify(nil, key, Modification{Kind: ModifyExpire}, storage.WriteOptions{ExpiresAt: expiresAt})
	if err == nil && done.Version == 0 {
		err = ErrNotFound
	}
	return err
}

// TTL returns how long the value of key lives on, rounded up to whole milliseconds;
// 0 is for ever. A key without a value is ErrNotFound.
func (db *DB) TTL(key []byte) (time.Duration, error) {
	var buffer [512]byte
	_, meta, err := db.engine.AppendGetMeta(buffer[:0], key)
	if err != nil || meta.ExpiresAt == 0 {
		return 0, err
	}
	return time.Duration(max(meta.ExpiresAt-storage.Now(), 1)) * time.Millisecond, nil
}
