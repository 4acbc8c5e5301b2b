package metamorphic

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

// reader is what has values: a database, a keyspace, a snapshot or a transaction.
type reader interface {
	Get(key []byte) ([]byte, error)
	AppendGet(dst, key []byte) ([]byte, error)
	AppendGetMeta(dst, key []byte) ([]byte, mantisdb.Meta, error)
	Scan(r mantisdb.Range) *mantisdb.Scan
	Iterator(r mantisdb.Range) *mantisdb.Iterator
}

// putter is what batches and transactions have to write with.
type putter interface {
	Put(key, value []byte) error
	PutTTL(key, value []byte, ttl time.Duration) error
	PutExpiresAt(key, value []byte, unixMillis int64) error
	Delete(key []byte) error
	DeleteRange(r mantisdb.Range) error
}

// view is a transaction, or its view of a keyspace.
type view interface {
	reader
	putter
	Has(key []byte) (bool, error)
}

// store is a database or one of its keyspaces.
type store interface {
	reader
	Has(key []byte) (bool, error)
	TTL(key []byte) (time.Duration, error)
	MultiGet(keys ...[]byte) ([][]byte, error)
	MultiGetInto(out *mantisdb.Values, keys [][]byte) error

	Put(key, value []byte) error
	PutTTL(key, value []byte, ttl time.Duration) error
	PutWith(key, value []byte, o mantisdb.WriteOptions) error
	PutIfAbsent(key, value []byte, ttl time.Duration) (bool, error)
	PutIfAbsentWith(key, value []byte, o mantisdb.WriteOptions) (bool, error)
	Delete(key []byte) error
	DeleteWith(key []byte, o mantisdb.WriteOptions) error
	DeleteRange(r mantisdb.Range) error
	DeleteRangeWith(r mantisdb.Range, o mantisdb.WriteOptions) error

	Modify(key []byte, m mantisdb.Modification, o mantisdb.WriteOptions) ([]byte, mantisdb.Modified, error)
	CompareAndSwap(key, expected, value []byte, o mantisdb.WriteOptions) (bool, error)
	CompareVersionAndSwap(key []byte, version uint64, value []byte, o mantisdb.WriteOptions) (uint64, bool, error)
	GetAndPut(key, value []byte, o mantisdb.WriteOptions) ([]byte, bool, error)
	GetAndDelete(key []byte) ([]byte, error)
	Increment(key []byte, by int64) (int64, error)
	Append(key, suffix []byte) (int, error)
	Expire(key []byte, ttl time.Duration) error
	Persist(key []byte) error

	Watch(r mantisdb.Range, from uint64) (*mantisdb.Watch, error)
}
