package replica

import (
	"context"
	"errors"
	"fmt"
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

// Watch implements storage.Engine. The feed is that of this replica. From a version of an earlier
// term on, it is storage.ErrHistoryGone.
func (l *Leader) Watch(r storage.Range, from uint64) (storage.Feed, error) {
	engine, err := l.current()
	if err != nil {
		return nil, err
	}
	if from != 0 && from>>termShift != l.term {
		return nil, fmt.Errorf("%w: another node led the shard then", storage.ErrHistoryGone)
	}
	if from != 0 {
		from = l.inward(from)
	}
	f, err := engine.Watch(r, from)
	if err != nil {
		return nil, failed(err)
	}
	return &feed{f, l}, nil
}

// feed is a feed of the leader's engine, with the versions of the term.
type feed struct {
	storage.Feed
	leader *Leader
}

// From implements storage.Feed.
func (f *feed) From() uint64 { return f.leader.outward(f.Feed.From()) }

// Next implements storage.Feed. It ends with the term, since what follows is another leader's to
// tell.
func (f *feed) Next(ctx context.Context) (storage.Change, error) {
	if err := f.leader.begin(); err != nil {
		return storage.Change{}, err
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.leader.ended, cancel)()
	c, err := f.Feed.Next(within)
	for err == nil && string(c.Key) == string(recordKey) {
		c, err = f.Feed.Next(within)
	}
	if err != nil && ctx.Err() == nil {
		if over := f.leader.begin(); over != nil {
			return storage.Change{}, over
		}
	}
	c.Version = f.leader.outward(c.Version)
	return c, failed(err)
}
