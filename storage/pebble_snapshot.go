package storage

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleSnapshot is a Snapshot of the pure-Go engine.
type pebbleSnapshot struct {
	engine  *GoStorageEngine
	snap    *pebble.Snapshot
	version uint64
	gate    gate
}

// Snapshot implements Engine.
func (e *GoStorageEngine) Snapshot() (_ Snapshot, err error) {
	if err := e.enter(); err != nil {
		return nil, err
	}
	defer e.leave(&err)
	s := &pebbleSnapshot{engine: e}
	s.snap, s.version = e.freeze()
	e.views.addSnapshot(s)
	return s, nil
}

// freeze makes a snapshot that sees exactly the writes up to a version.
func (e *GoStorageEngine) freeze() (*pebble.Snapshot, uint64) {
	e.commits.Lock()
	defer e.commits.Unlock()
	return e.db.NewSnapshot(), e.versions.last.Load()
}

// Version implements Snapshot.
func (s *pebbleSnapshot) Version() uint64 { return s.version }

// AppendGetMeta implements Snapshot.
func (s *pebbleSnapshot) AppendGetMeta(dst, key []byte) (_ []byte, m Meta, err error) {
	if err := CheckKey(key); err != nil {
		return dst, Meta{}, err
	}
	if err := s.enter(); err != nil {
		return dst, Meta{}, err
	}
	defer s.leave(&err)
	return s.engine.appendFrom(s.snap, dst, key)
}

// Close implements Snapshot.
func (s *pebbleSnapshot) Close() (err error) {
	if err := s.engine.enter(); err != nil {
		return nil // the engine closed, or failed, and took the snapshot along
	}
	defer s.engine.leave(&err)
	if !s.gate.close() {
		return nil
	}
	s.engine.views.removeSnapshot(s)
	return translate(s.snap.Close())
}

// enter begins a call that needs the engine and the snapshot open.
func (s *pebbleSnapshot) enter() error {
	if err := s.engine.enter(); err != nil {
		return err
	}
	if !s.gate.enter() {
		s.engine.gate.leave()
		return ErrClosed
	}
	return nil
}

// leave ends a call as GoStorageEngine.leave does. It must be deferred itself.
func (s *pebbleSnapshot) leave(err *error) {
	if r := recover(); r != nil {
		*err = s.engine.fail(panicked(r))
	}
	if *err != nil {
		*err = s.engine.explain(*err)
	}
	s.gate.leave()
	s.engine.gate.leave()
}

// viewSet is the open snapshots and cursors of an engine. Pebble must not close
// under them.
type viewSet struct {
	mu        sync.Mutex
	snapshots map[*pebbleSnapshot]struct{}
	cursors   map[*pebbleCursor]struct{}
}

func (v *viewSet) init() {
	v.snapshots = make(map[*pebbleSnapshot]struct{})
	v.cursors = make(map[*pebbleCursor]struct{})
}

func (v *viewSet) addSnapshot(s *pebbleSnapshot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.snapshots[s] = struct{}{}
}

func (v *viewSet) removeSnapshot(s *pebbleSnapshot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.snapshots, s)
}

func (v *viewSet) addCursor(c *pebbleCursor) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cursors[c] = struct{}{}
}

func (v *viewSet) removeCursor(c *pebbleCursor) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.cursors, c)
}

// openSnapshots tells how many snapshots are open, and the version of the oldest one, 0
// without any.
func (v *viewSet) openSnapshots() (n, oldest uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s := range v.snapshots {
		if oldest == 0 || s.version < oldest {
			oldest = s.version
		}
	}
	return uint64(len(v.snapshots)), oldest
}

// closeAll ends all views. The engine's gate must be closed.
func (v *viewSet) closeAll() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	for c := range v.cursors {
		err = errors.Join(err, c.iter.Close())
	}
	for s := range v.snapshots {
		err = errors.Join(err, s.snap.Close())
	}
	clear(v.cursors)
	clear(v.snapshots)
	return err
}
