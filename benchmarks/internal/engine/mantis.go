package engine

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

// mantisStore is MantisDB through its public package.
type mantisStore struct {
	db *mantisdb.DB
}

func (s *mantisStore) Put(key, value []byte) error { return s.db.Put(key, value) }

func (s *mantisStore) Get(dst, key []byte) ([]byte, error) {
	dst, err := s.db.AppendGet(dst, key)
	if errors.Is(err, mantisdb.ErrNotFound) {
		return dst, ErrMissing
	}
	return dst, err
}

// Replayed implements Recovered.
func (s *mantisStore) Replayed() (uint64, error) {
	stats, err := s.db.Stats()
	return stats.RecoveredRecords, err
}

func (s *mantisStore) Close() error { return s.db.Close() }

func init() {
	for _, name := range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		register(Kind{
			Name:     "mantisdb-" + name,
			Version:  func() string { return "this tree" },
			Settings: func(c Config) string { return "memory limit " + mebibytes(mantisLimit(c)) },
			Open:     func(c Config) (Engine, error) { return openMantis(name, c) },
		})
	}
}

// mantisLimit is the memory limit: the budget, or what holds the writes that are
// to stay in the log. It flushes at its own write buffer's size all the same,
// which the public package does not set.
func mantisLimit(c Config) uint64 { return max(c.Limit, c.WriteBuffer) }
