package engine

import "github.com/mantisdb/mantisdb"

// openMantis opens MantisDB with one of its engines.
func openMantis(name string, c Config) (Engine, error) {
	if c.InMemory() {
		db, err := mantisdb.Open("", &mantisdb.Options{Engine: name})
		if err != nil {
			return nil, err
		}
		return &mantisStore{db: db}, nil
	}
	durability := mantisdb.DurabilityBuffered
	if c.Sync {
		durability = mantisdb.DurabilitySync
	}
	db, err := mantisdb.Open(c.Dir, &mantisdb.Options{
		Engine:      name,
		Durability:  durability,
		MemoryLimit: mantisLimit(c),
	})
	if err != nil {
		return nil, err
	}
	return &mantisStore{db: db}, nil
}

func (s *mantisStore) SyncLog() error { return s.db.Sync() }

func (s *mantisStore) Settle() error { return s.db.Compact() }
