package replica

import (
	"errors"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/storage"
)

// AppendGet implements storage.Engine.
func (l *Leader) AppendGet(dst, key []byte) ([]byte, error) {
	for a := (attempt{}); ; {
		engine, err := a.engine(l)
		if err != nil {
			return dst, err
		}
		got, err := engine.AppendGet(dst, key)
		if over := l.present(); over != nil {
			return dst, over
		}
		if a.holds(l) {
			return got, failed(err)
		}
	}
}

// AppendGetMeta implements storage.Engine.
func (l *Leader) AppendGetMeta(dst, key []byte) ([]byte, storage.Meta, error) {
	for a := (attempt{}); ; {
		if _, err := a.engine(l); err != nil {
			return dst, storage.Meta{}, err
		}
		if got, meta, err := l.appendGetMeta(dst, key); a.holds(l) {
			return got, meta, err
		}
	}
}

// appendGetMeta reads without asking the group.
func (l *Leader) appendGetMeta(dst, key []byte) ([]byte, storage.Meta, error) {
	got, meta, err := l.view.AppendGetMeta(dst, key)
	if over := l.present(); over != nil {
		return dst, storage.Meta{}, over
	}
	return got, meta, err
}

// Has implements storage.Engine.
func (l *Leader) Has(key []byte) (bool, error) {
	for a := (attempt{}); ; {
		engine, err := a.engine(l)
		if err != nil {
			return false, err
		}
		has, err := engine.Has(key)
		if over := l.present(); over != nil {
			return false, over
		}
		if a.holds(l) {
			return has, failed(err)
		}
	}
}

// MultiGet implements storage.Engine.
func (l *Leader) MultiGet(keys [][]byte, out *storage.Values) error {
	for a := (attempt{}); ; {
		engine, err := a.engine(l)
		if err != nil {
			out.Reset()
			return err
		}
		err = engine.MultiGet(keys, out)
		if over := l.present(); over != nil {
			out.Reset()
			return over
		}
		if a.holds(l) {
			return failed(err)
		}
	}
}

// Scan implements storage.Engine.
func (l *Leader) Scan(r storage.Range) (storage.Cursor, error) {
	for a := (attempt{}); ; {
		if _, err := a.engine(l); err != nil {
			return nil, err
		}
		cursor, err := l.view.Scan(r)
		if err != nil {
			return nil, err
		}
		if err := l.present(); err != nil {
			return nil, errors.Join(err, cursor.Close())
		}
		if a.holds(l) {
			return cursor, nil
		}
		if err := cursor.Close(); err != nil {
			return nil, err
		}
	}
}

// Snapshot implements storage.Engine.
func (l *Leader) Snapshot() (storage.Snapshot, error) {
	for a := (attempt{}); ; {
		engine, err := a.engine(l)
		if err != nil {
			return nil, err
		}
		s, err := engine.Snapshot()
		if err != nil {
			return nil, failed(err)
		}
		if err := l.present(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if a.holds(l) {
			return &snapshot{Snapshot: s, leader: l}, nil
		}
		if err := s.Close(); err != nil {
			return nil, err
		}
	}
}

// snapshot is a snapshot of the leader's engine, with the versions of the term.
type snapshot struct {
	storage.Snapshot
	leader *Leader
	closed atomic.Bool
}

// Close implements storage.Snapshot.
func (s *snapshot) Close() error {
	s.closed.Store(true)
	return s.Snapshot.Close()
}

// Version implements storage.Snapshot.
func (s *snapshot) Version() uint64 { return s.leader.outward(s.Snapshot.Version()) }

// AppendGetMeta implements storage.Snapshot.
func (s *snapshot) AppendGetMeta(dst, key []byte) ([]byte, storage.Meta, error) {
	if err := s.leader.begin(); err != nil {
		return dst, storage.Meta{}, err
	}
	dst, meta, err := s.Snapshot.AppendGetMeta(dst, key)
	meta.Version = s.leader.outward(meta.Version)
	return dst, meta, err
}

// Scan implements storage.Snapshot.
func (s *snapshot) Scan(r storage.Range) (storage.Cursor, error) {
	if err := s.leader.begin(); err != nil {
		return nil, err
	}
	return s.leader.scan(s.Snapshot, r)
}
