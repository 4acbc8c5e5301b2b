package engine

import (
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

func init() {
	register(Kind{
		Name:    "badger",
		Version: moduleVersion("github.com/dgraph-io/badger/v4"),
		Memory:  true,
		Disk:    true,
		Settings: func(c Config) string {
			if c.InMemory() {
				return "no compression, no conflict detection"
			}
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
	o := badgerOptions(c)
	db, err := badger.Open(o)
	if err != nil {
		return nil, err
	}
	return &badgerStore{db: db, options: o}, nil
}

func badgerOptions(c Config) badger.Options {
	o := badger.DefaultOptions(c.Dir).
		WithLogger(nil).
		WithDetectConflicts(false).
		WithMetricsEnabled(false)
	if c.InMemory() {
		// Without compression blocks are read where they are.
		return o.WithInMemory(true).WithCompression(options.None).WithBlockCacheSize(0)
	}
	b := badgerBudget(c)
	return o.
		WithSyncWrites(c.Sync).
		WithCompression(options.Snappy).
		WithMemTableSize(int64(b.buffer)).
		// The default, or the most that is taken with a smaller write buffer.
		WithValueThreshold(min(o.ValueThreshold, int64(b.buffer)*15/100)).
		WithNumMemtables(writeBuffers).
		WithBlockCacheSize(int64(b.cache - b.cache/4)).
		WithIndexCacheSize(int64(b.cache / 4))
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

// PutTTL has lifetimes of whole seconds, and cuts off what is left.
func (s *badgerStore) PutTTL(key, value []byte, ttl time.Duration) error {
	return s.db.Update(func(tx *badger.Txn) error {
		return tx.SetEntry(badger.NewEntry(key, value).WithTTL(ttl))
	})
}

func (s *badgerStore) PutBatch(entries []Entry) error {
	batch := s.db.NewWriteBatch()
	defer batch.Cancel()
	for _, e := range entries {
		if err := batch.Set(e.Key, e.Value); err != nil {
			return err
		}
	}
	return batch.Flush()
}

func (s *badgerStore) Delete(key []byte) error {
	return s.db.Update(func(tx *badger.Txn) error { return tx.Delete(key) })
}

// Scan reads values as it gets to them: they are in the tables beside their keys,
// and to fetch them ahead takes a goroutine each.
func (s *badgerStore) Scan(from []byte, most int, visit func(key, value []byte) error) error {
	return s.db.View(func(tx *badger.Txn) error {
		entries := tx.NewIterator(badger.IteratorOptions{})
		defer entries.Close()
		seen := 0
		for entries.Seek(from); entries.Valid(); entries.Next() {
			item := entries.Item()
			err := item.Value(func(value []byte) error { return visit(item.Key(), value) })
			if seen++; err != nil || seen == most {
				return err
			}
		}
		return nil
	})
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
