package mantisdb

import (
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Unvalidated is db with transactions that check nothing when they commit: what the
// tests of isolation have to notice.
func Unvalidated(db *DB) *DB {
	return newDB(unvalidated{db.engine}, db.logger)
}

type unvalidated struct{ storage.Engine }

func (u unvalidated) Snapshot() (storage.Snapshot, error) {
	s, err := u.Engine.Snapshot()
	return unvalidatedSnapshot{s, u.Engine}, err
}

type unvalidatedSnapshot struct {
	storage.Snapshot
	engine storage.Engine
}

func (s unvalidatedSnapshot) WriteIf(b *storage.Batch, _ *storage.ReadSet, o storage.WriteOptions) (uint64, error) {
	return s.engine.Write(b, o)
}

// KeepWatchesFor sets how long a database keeps changes after its last watch.
func KeepWatchesFor(db *DB, d time.Duration) {
	db.watchers.mu.Lock()
	defer db.watchers.mu.Unlock()
	db.watchers.after = d
}
