package redis

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

// What commands do to a key in one step: in the request's transaction if it has one, else
// in the engine at once, between which no other write comes.

// store writes a value; expiresAt is in Unix milliseconds, 0 for never.
func (r *Request) store(key, value []byte, expiresAt int64) error {
	if r.tx != nil {
		return r.put(key, value, expiresAt)
	}
	b := r.client.run.emptyBatch()
	if err := b.In(r.keyspace()).PutExpiresAt(key, value, expiresAt); err != nil {
		return err
	}
	return r.client.part.db.WriteWith(b, r.client.writes())
}

// storeAll writes keys and values, which take turns in pairs, without expiry, and notifies
// of each. If one is refused, nothing is written.
func (r *Request) storeAll(pairs [][]byte) error {
	if r.tx != nil {
		return r.putAll(pairs)
	}
	b := r.client.run.emptyBatch()
	for i := 0; i < len(pairs); i += 2 {
		if err := b.In(r.keyspace()).PutExpiresAt(pairs[i], pairs[i+1], 0); err != nil {
			return err
		}
		r.notify(notifyString, "set", pairs[i])
	}
	return r.client.part.db.WriteWith(b, r.client.writes())
}

// putAll is storeAll in the transaction, which EXEC goes on with after an error: so the
// keys are looked at before the first is written.
func (r *Request) putAll(pairs [][]byte) error {
	for i := 0; i < len(pairs); i += 2 {
		if err := mantisdb.CheckKey(pairs[i]); err != nil {
			return err
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		if err := r.put(pairs[i], pairs[i+1], 0); err != nil {
			return err
		}
		r.notify(notifyString, "set", pairs[i])
	}
	return nil
}

// storeIfAbsent writes a value unless there is one, and tells whether it did.
func (r *Request) storeIfAbsent(key, value []byte, e expiry) (stored bool, err error) {
	if r.tx == nil {
		return r.keyspace().PutIfAbsentWith(key, value, r.client.writesFor(e.ttl))
	}
	existed, err := r.keys().Has(key)
	if err != nil || existed {
		return false, err
	}
	return true, r.put(key, value, e.at)
}

// exchange writes a value and returns the one before.
func (r *Request) exchange(key, value []byte, e expiry) (before []byte, existed bool, err error) {
	if r.tx == nil {
		return r.keyspace().GetAndPut(key, value, r.client.writesFor(e.ttl))
	}
	read, existed, err := r.read(key)
	if err != nil {
		return nil, false, err
	}
	return read.Bytes, existed, r.put(key, value, e.at)
}

// take removes a key and returns its value.
func (r *Request) take(key []byte) (value []byte, existed bool, err error) {
	if r.tx == nil {
		value, done, err := r.keyspace().Modify(key, mantisdb.Modification{Kind: mantisdb.ModifyTake}, r.client.writes())
		return value, done.Existed, err
	}
	read, existed, err := r.read(key)
	if err != nil || !existed {
		return nil, false, err
	}
	return read.Bytes, true, r.delete(key)
}

// increment adds to a number, which keeps its expiry, and returns the sum.
func (r *Request) increment(key []byte, by int64) (int64, error) {
	if r.tx == nil {
		_, done, err := r.keyspace().Modify(key, mantisdb.Modification{Kind: mantisdb.ModifyIncrement, By: by}, r.client.writes())
		return done.Number, err
	}
	value, found, err := r.get(key)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	if found {
		var ok bool
		if n, ok = parseInteger(value.Bytes); !ok {
			return 0, errNotInteger
		}
	}
	sum := n + by
	if by > 0 && sum < n || by < 0 && sum > n {
		return 0, errOverflow
	}
	return sum, r.put(key, appendInt(nil, sum), value.ExpiresAt)
}

// extend adds at a value's end, which keeps its expiry, and returns the new length.
func (r *Request) extend(key, suffix []byte) (length int, err error) {
	if r.tx == nil {
		_, done, err := r.keyspace().Modify(key, mantisdb.Modification{Kind: mantisdb.ModifyAppend, Value: suffix}, r.client.writes())
		return int(done.Number), err
	}
	value, _, err := r.get(key)
	if err != nil {
		return 0, err
	}
	if len(value.Bytes)+len(suffix) > mantisdb.MaxValueLen {
		return 0, errStringTooLong
	}
	whole := append(value.Bytes, suffix...)
	return len(whole), r.put(key, whole, value.ExpiresAt)
}

// expiry is when a value is to expire.
type expiry struct {
	at int64 // Unix milliseconds; 0: never
	// ttl is the same from now on, or 0 if that cannot be said exactly.
	ttl time.Duration
}

// isTimeToLive tells whether ttl says it all.
func (e expiry) isTimeToLive() bool { return e.at == 0 || e.ttl != 0 }
