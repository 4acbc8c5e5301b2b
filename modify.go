package mantisdb

import "time"

// Modify changes the value of key in one step, between which no other write comes,
// with the durability and the time to live that o says. Increments and appends keep
// the expiry that there is and take no TTL, nor does a take. The value before is
// returned if ModifyExchange or ModifyTake replaced one; it belongs to the caller.
//
// The methods below are the usual cases, in short.
func (db *DB) Modify(key []byte, m Modification, o WriteOptions) (before []byte, done Modified, err error) {
	return db.main.Modify(key, m, o)
}

// CompareAndSwap stores value under key, as o says, if the key's value is expected,
// and tells whether it did. A key without a value has none that is expected: that is
// PutIfAbsent.
func (db *DB) CompareAndSwap(key, expected, value []byte, o WriteOptions) (swapped bool, err error) {
	return db.main.CompareAndSwap(key, expected, value, o)
}

// CompareVersionAndSwap stores value under key, as o says, if the key's value has
// the version that AppendGetMeta told, 0 for none. It tells whether it did, and the
// new version.
func (db *DB) CompareVersionAndSwap(key []byte, version uint64, value []byte, o WriteOptions) (newVersion uint64, swapped bool, err error) {
	return db.main.CompareVersionAndSwap(key, version, value, o)
}

// Increment adds by to the number under key, which may be negative, and returns the
// sum. The number is text: a decimal number of 64 bits, as strconv.FormatInt writes
// it; a key without a value counts as 0. Any other value is ErrNotANumber, a sum that
// does not fit ErrOverflow; then nothing is written.
func (db *DB) Increment(key []byte, by int64) (int64, error) { return db.main.Increment(key, by) }

// Append adds suffix at the end of the value of key, which need not have one, and
// returns the new length in bytes.
func (db *DB) Append(key, suffix []byte) (length int, err error) { return db.main.Append(key, suffix) }

// GetAndDelete removes key and returns the value that it had, which belongs to the
// caller, or ErrNotFound.
func (db *DB) GetAndDelete(key []byte) ([]byte, error) { return db.main.GetAndDelete(key) }

// GetAndPut stores value under key, as o says, and returns the value before, which
// belongs to the caller, and whether there was one.
func (db *DB) GetAndPut(key, value []byte, o WriteOptions) (before []byte, existed bool, err error) {
	return db.main.GetAndPut(key, value, o)
}

// Expire makes the value of key expire after ttl, rounded up to whole milliseconds.
// A ttl that is not positive is ErrInvalidTTL, a key without a value ErrNotFound.
func (db *DB) Expire(key []byte, ttl time.Duration) error { return db.main.Expire(key, ttl) }

// Persist makes the value of key stay for ever. A key without a value is
// ErrNotFound.
func (db *DB) Persist(key []byte) error { return db.main.Persist(key) }

// TTL returns how long the value of key lives on, rounded up to whole milliseconds;
// 0 is for ever. A key without a value is ErrNotFound.
func (db *DB) TTL(key []byte) (time.Duration, error) { return db.main.TTL(key) }
