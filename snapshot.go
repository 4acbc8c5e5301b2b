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
//
// Its own methods read the default keyspace, In others.
type Snapshot struct {
	db      *DB
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
	s := &Snapshot{db: db, snap: snap}
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

// In is a view of the snapshot in a keyspace, which is empty if it was created later;
// nil is the default one.
func (s *Snapshot) In(ks *Keyspace) KeyspaceSnapshot {
	if ks == nil {
		ks = s.db.main
	}
	return KeyspaceSnapshot{s, ks}
}

// Get returns the value of key at the snapshot, which belongs to the caller, or
// ErrNotFound. An empty value is empty and not nil.
func (s *Snapshot) Get(key []byte) ([]byte, error) { return s.In(nil).Get(key) }

// AppendGet is DB.AppendGet at the snapshot.
func (s *Snapshot) AppendGet(dst, key []byte) ([]byte, error) { return s.In(nil).AppendGet(dst, key) }

// AppendGetMeta is DB.AppendGetMeta at the snapshot.
func (s *Snapshot) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	return s.In(nil).AppendGetMeta(dst, key)
}

// Scan walks a range as DB.Scan does, at the snapshot.
func (s *Snapshot) Scan(r Range) *Scan { return s.In(nil).Scan(r) }

// Iterator walks a range as DB.Iterator does, at the snapshot, which must stay open.
func (s *Snapshot) Iterator(r Range) *Iterator { return s.In(nil).Iterator(r) }

// scan opens a cursor over a range as the engine knows it.
func (s *Snapshot) scan(r Range) (storage.Cursor, error) { return s.snap.Scan(r) }

// Close releases the snapshot; closing again returns nil. Scans of it that are
// under way end with ErrClosed.
func (s *Snapshot) Close() error {
	s.cleanup.Stop()
	return s.snap.Close()
}

// KeyspaceSnapshot is a snapshot's view of a keyspace.
type KeyspaceSnapshot struct {
	s  *Snapshot
	ks *Keyspace
}

// Get is Snapshot.Get in the keyspace.
func (k KeyspaceSnapshot) Get(key []byte) ([]byte, error) {
	value, err := k.AppendGet(nil, key)
	if err != nil {
		return nil, err
	}
	return nonNil(value), nil
}

// AppendGet is DB.AppendGet in the keyspace, at the snapshot.
func (k KeyspaceSnapshot) AppendGet(dst, key []byte) ([]byte, error) {
	dst, _, err := k.AppendGetMeta(dst, key)
	return dst, err
}

// AppendGetMeta is DB.AppendGetMeta in the keyspace, at the snapshot.
func (k KeyspaceSnapshot) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	if err := k.ks.checkOf(k.s.db); err != nil {
		return dst, Meta{}, err
	}
	stored, err := k.ks.key(key)
	if err != nil {
		return dst, Meta{}, err
	}
	dst, meta, err := k.s.snap.AppendGetMeta(dst, stored.bytes)
	stored.release()
	runtime.KeepAlive(k.s) // else the net could close s.snap under the call
	return dst, meta, err
}

// Scan is Snapshot.Scan in the keyspace.
func (k KeyspaceSnapshot) Scan(r Range) *Scan {
	return newScan(&Scan{ks: k.ks, snap: k.s, err: k.ks.checkOf(k.s.db)}, r)
}

// Iterator is Snapshot.Iterator in the keyspace.
func (k KeyspaceSnapshot) Iterator(r Range) *Iterator {
	return newIterator(k.ks, k.s, r, k.ks.checkOf(k.s.db))
}
