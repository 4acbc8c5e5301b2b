package engine

import (
	"context"
	"errors"
	"math"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

func init() {
	register(Kind{
		Name:    "pebble",
		Version: moduleVersion("github.com/cockroachdb/pebble/v2"),
		Disk:    true,
		Settings: func(c Config) string {
			return pebbleBudget(c).String() + ", MinLZ (its fastest), bloom filters of 10 bits"
		},
		Open: openPebble,
	})
}

// pebbleStore is Pebble with what its authors advise for point reads: bloom
// filters, and as many compactions at once as there are processors.
type pebbleStore struct {
	db    *pebble.DB
	write *pebble.WriteOptions
}

func pebbleBudget(c Config) budget { return split(c, math.MaxUint32-1) }

func openPebble(c Config) (Engine, error) {
	b := pebbleBudget(c)
	// Pebble takes its memtables out of the cache's size.
	cache := pebble.NewCache(int64(b.cache + b.buffer*writeBuffers))
	defer cache.Unref()
	options := &pebble.Options{
		FormatMajorVersion:          pebble.FormatNewest,
		Cache:                       cache,
		MemTableSize:                b.buffer,
		MemTableStopWritesThreshold: writeBuffers,
		CompactionConcurrencyRange:  func() (int, int) { return 1, runtime.GOMAXPROCS(0) },
		Logger:                      quietPebble{},
	}
	for i := range options.Levels {
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	options.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	db, err := pebble.Open(c.Dir, options)
	if err != nil {
		return nil, err
	}
	return &pebbleStore{db: db, write: &pebble.WriteOptions{Sync: c.Sync}}, nil
}

func (s *pebbleStore) Put(key, value []byte) error { return s.db.Set(key, value, s.write) }

func (s *pebbleStore) Get(dst, key []byte) ([]byte, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return dst, ErrMissing
	}
	if err != nil {
		return dst, err
	}
	return append(dst, value...), closer.Close()
}

func (s *pebbleStore) PutBatch(entries []Entry) error {
	batch := s.db.NewBatch()
	for _, e := range entries {
		if err := batch.Set(e.Key, e.Value, nil); err != nil {
			return firstOf(err, batch.Close())
		}
	}
	return firstOf(batch.Commit(s.write), batch.Close())
}

func (s *pebbleStore) Delete(key []byte) error { return s.db.Delete(key, s.write) }

func (s *pebbleStore) Scan(from []byte, most int, visit func(key, value []byte) error) error {
	entries, err := s.db.NewIter(nil)
	if err != nil {
		return err
	}
	seen := 0
	for ok := entries.SeekGE(from); ok; ok = entries.Next() {
		var value []byte
		if value, err = entries.ValueAndErr(); err == nil {
			err = visit(entries.Key(), value)
		}
		if seen++; err != nil || seen == most {
			break
		}
	}
	return firstOf(err, entries.Error(), entries.Close())
}

func (s *pebbleStore) SyncLog() error { return s.db.LogData(nil, pebble.Sync) }

func (s *pebbleStore) Settle() error {
	if err := s.db.Flush(); err != nil {
		return err
	}
	return s.db.Compact(context.Background(), []byte{0}, []byte{0xFF}, true)
}

func (s *pebbleStore) Close() error { return s.db.Close() }

// quietPebble drops what Pebble has to tell, but for what ends the process.
type quietPebble struct{}

func (quietPebble) Infof(string, ...any)              {}
func (quietPebble) Errorf(string, ...any)             {}
func (quietPebble) Fatalf(format string, args ...any) { pebble.DefaultLogger.Fatalf(format, args...) }
