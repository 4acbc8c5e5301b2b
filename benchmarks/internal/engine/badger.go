package engine

import (
	"errors"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

func init() {
	register(Kind{
		Name:    "badger",
		Version: moduleVersion("github.com/dgraph-io/badger/v4"),
		Settings: func(c Config) string {
			return badgerBudget(c).String() + " (a quarter of it for indexes), Snappy, no conflict detection"
		},
		Open: openBadger,
	})
}

// badgerStore is Badger without the detection of conflicts, which single writes
// do not need and no other store here does.
type badgerStore struct {
	db      *badger.DB
	options badger.Options
}

// badgerBudget leaves room for the arena, which is up to 1.3 times a write
// buffer and must stay below 4 GiB.
func badgerBudget(c Config) budget { return split(c, 3<<30) }

func openBadger(c Config) (Engine, error) {
	b := badgerBudget(c)
	o := badger.DefaultOptions(c.Dir).
		WithLogger(nil).
		WithSyncWrites(c.Sync).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithCompression(options.Snappy).
		WithMemTableSize(int64(b.buffer)).
		// Values stay in the tables, as they do by default; but the default is
		// refused with a small write buffer.
		WithValueThreshold(64 << 10).
		WithNumMemtables(writeBuffers).
		WithBlockCacheSize(int64(b.cache - b.cache/4)).
		WithIndexCacheSize(int64(b.cache / 4))
	db, err := badger.Open(o)
	if err != nil {
		return nil, err
	}
	return &badgerStore{db: db, options: o}, nil
}

// Put returns when the transaction is done with, and with key and value: Badger
// has copied them into its log and memtable by then.
func (s *badgerStore) Put(key, value []byte) error {
	return s.db.Update(func(tx *badger.Txn) error { return tx.Set(key, value) })
}

func (s *badgerStore) Get(dst, key []byte) ([]byte, error) {
	err := s.db.View(func(tx *badger.Txn) error {
		item, err := tx.Get(key)
		if err != nil {
			return err
		}
		return item.Value(func(value []byte) error {
			dst = append(dst, value...)
			return nil
		})
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return dst, ErrMissing
	}
	return dst, err
}

func (s *badgerStore) SyncLog() error { return s.db.Sync() }

// Settle closes and opens the store, which is the only way to have Badger write
// out its memtable, and compacts in between.
func (s *badgerStore) Settle() error {
	if err := s.db.Close(); err != nil {
		return err
	}
	var err error
	if s.db, err = badger.Open(s.options); err != nil {
		return err
	}
	return s.db.Flatten(2)
}

func (s *badgerStore) Close() error { return s.db.Close() }
