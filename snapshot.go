package mantisdb

import (
	"log/slog"
	"runtime"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/storage"
)

// Snapshot is a frozen view of a database: later writes do not show in it. Only
// expiry goes on: a value that expires disappears from the view too. It may be
// used from many goroutines at once and must be closed, since it keeps
// overwritten and deleted values from being reclaimed. Once it or its database
// is closed, its methods return ErrClosed.
type Snapshot struct {
	snap    storage.Snapshot
	cleanup runtime.Cleanup
}

// Snapshot freezes the state that this call's start sees. It refuses no write
// while open.
func (db *DB) Snapshot() (*Snapshot, error) {
	snap, err := db.engine.Snapshot()
	if err != nil {
		return nil, err
	}
	s := &Snapshot{snap: snap}
	s.cleanup = runtime.AddCleanup(s, closeForgotten, forgotten{snap, db.logger, db.leaked})
	return s, nil
}

// forgotten is what is left of a snapshot that was dropped without Close.
type forgotten struct {
	snap   storage.Snapshot
	logger *slog.Logger
	leaked *atomic.Uint64
}

// closeForgotten is a net and not the way: when it runs is up to the collector.
func closeForgotten(f forgotten) {
	f.logger.Warn("a snapshot was dropped without Close", "version", f.snap.Version())
	f.snap.Close()
	f.leaked.Add(1)
}

// Version is the newest version that the snapshot sees.
func (s *Snapshot) Version() uint64 { return s.snap.Version() }

// Get returns the value of key at the snapshot, which belongs to the caller, or
// ErrNotFound. An empty value is empty and not nil.
func (s *Snapshot) Get(key []byte) ([]byte, error) {
	value, err := s.AppendGet(nil, key)
	if err != nil {
		return nil, err
	}
	return nonNil(value), nil
}

// AppendGet is DB.AppendGet at the snapshot.
func (s *Snapshot) AppendGet(dst, key []byte) ([]byte, error) {
	dst, _, err := s.AppendGetMeta(dst, key)
	return dst, err
}

// AppendGetMeta is DB.AppendGetMeta at the snapshot.
func (s *Snapshot) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	dst, meta, err := s.snap.AppendGetMeta(dst, key)
	runtime.KeepAlive(s) // else the net could close s.snap under the call
	return dst, meta, err
}

// Scan walks a range as DB.Scan does, at the snapshot.
func (s *Snapshot) Scan(r Range) *Scan { return newScan(&Scan{snap: s}, r) }

// Close releases the snapshot; closing again returns nil. Scans of it that are
// under way end with ErrClosed.
func (s *Snapshot) Close() error {
	s.cleanup.Stop()
	return s.snap.Close()
}
