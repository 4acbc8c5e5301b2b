package engine

import (
	"errors"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb"
)

// mantisStore is MantisDB through its public package.
type mantisStore struct {
	db      *mantisdb.DB
	batches sync.Pool // of *mantisdb.Batch, for whoever writes one
}

func (s *mantisStore) Put(key, value []byte) error { return s.db.Put(key, value) }

func (s *mantisStore) Get(dst, key []byte) ([]byte, error) {
	dst, err := s.db.AppendGet(dst, key)
	if errors.Is(err, mantisdb.ErrNotFound) {
		return dst, ErrMissing
	}
	return dst, err
}

// PutBatch uses a batch again, which saves its memory.
func (s *mantisStore) PutBatch(entries []Entry) error {
	batch, ok := s.batches.Get().(*mantisdb.Batch)
	if !ok {
		batch = new(mantisdb.Batch)
	}
	defer s.batches.Put(batch)
	batch.Reset()
	for _, e := range entries {
		if err := batch.Put(e.Key, e.Value); err != nil {
			return err
		}
	}
	return s.db.Write(batch)
}

func (s *mantisStore) Delete(key []byte) error { return s.db.Delete(key) }

func (s *mantisStore) PutTTL(key, value []byte, ttl time.Duration) error {
	return s.db.PutTTL(key, value, ttl)
}

func (s *mantisStore) Scan(from []byte, most int, visit func(key, value []byte) error) error {
	scan := s.db.Scan(mantisdb.Range{Start: from, Limit: most})
	for key, value := range scan.All() {
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return scan.Err()
}

// Replayed implements Recovered.
func (s *mantisStore) Replayed() (uint64, error) {
	stats, err := s.db.Stats()
	return stats.RecoveredRecords, err
}

func (s *mantisStore) Close() error { return s.db.Close() }

func init() { registerMantis(mantisdb.EngineGo) }

// registerMantis registers MantisDB with an engine that the build has.
func registerMantis(name string) {
	register(Kind{
		Name:     "mantisdb-" + name,
		Version:  func() string { return "this tree" },
		Settings: mantisSettings,
		Memory:   true,
		Disk:     true,
		Open:     func(c Config) (Engine, error) { return openMantis(name, c) },
	})
}

func mantisSettings(c Config) string {
	if c.InMemory() {
		return "its defaults"
	}
	return "memory limit " + mebibytes(mantisLimit(c))
}

// mantisLimit is the memory limit: the budget, or what holds the writes that are
// to stay in the log. It flushes at its own write buffer's size all the same,
// which the public package does not set.
func mantisLimit(c Config) uint64 { return max(c.Limit, c.WriteBuffer) }
