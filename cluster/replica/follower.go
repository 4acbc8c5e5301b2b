package replica

import (
	"errors"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// Follower is the storage.Engine of a shard as its replica has it, whoever leads: to be read
// without asking the group. Each read is as of one moment of what the replica has applied. Its
// versions are the replica's own, in the term 0, which is no leader's.
//
// It is good for one state of the catalog of keyspaces: once an entry changes that, every method
// returns cluster.ErrNotLeader, as all that would write do at any time.
type Follower struct {
	view
	catalog uint64 // how many changes of the catalog there were
}

// Follow is a Follower of the catalog as it is now, which must not be changing.
func (r *Replica) Follow() (*Follower, error) {
	changes, ok := r.catalog.settled()
	if !ok {
		return nil, cluster.ErrNotLeader
	}
	return &Follower{viewInNone(r), changes}, nil
}

// Err is cluster.ErrNotLeader once the catalog has changed, or the replica has left something out, so
// that it is not as fresh as its group takes it for. It is to be asked after a read, for what was read
// before.
func (f *Follower) Err() error {
	if !f.replica.catalog.isAt(f.catalog) || f.replica.leftOut.Load() {
		return cluster.ErrNotLeader
	}
	return nil
}

// read reads from the engine.
func (f *Follower) read(do func(storage.Engine) error) error {
	engine, err := f.replica.current()
	if err == nil {
		err = do(engine)
	}
	if over := f.Err(); over != nil {
		return over
	}
	return failed(err)
}

// AppendGet implements storage.Engine.
func (f *Follower) AppendGet(dst, key []byte) (got []byte, err error) {
	got = dst
	err = f.read(func(e storage.Engine) error {
		got, err = e.AppendGet(dst, key)
		return err
	})
	return kept(dst, got, err), err
}

// AppendGetMeta implements storage.Engine.
func (f *Follower) AppendGetMeta(dst, key []byte) (got []byte, meta storage.Meta, err error) {
	got = dst
	err = f.read(func(storage.Engine) error {
		got, meta, err = f.view.AppendGetMeta(dst, key)
		return err
	})
	return kept(dst, got, err), meta, err
}

// kept is what is returned of what was read: with an error, what there was before.
func kept(dst, got []byte, err error) []byte {
	if err != nil {
		return dst
	}
	return got
}

// Has implements storage.Engine.
func (f *Follower) Has(key []byte) (has bool, err error) {
	err = f.read(func(e storage.Engine) error {
		has, err = e.Has(key)
		return err
	})
	return has, err
}

// MultiGet implements storage.Engine.
func (f *Follower) MultiGet(keys [][]byte, out *storage.Values) error {
	err := f.read(func(e storage.Engine) error { return e.MultiGet(keys, out) })
	if err != nil {
		out.Reset()
	}
	return err
}

// Scan implements storage.Engine.
func (f *Follower) Scan(r storage.Range) (cursor storage.Cursor, err error) {
	err = f.read(func(storage.Engine) error {
		cursor, err = f.view.Scan(r)
		return err
	})
	if err != nil && cursor != nil {
		return nil, errors.Join(err, cursor.Close())
	}
	return cursor, err
}

// Snapshot implements storage.Engine.
func (f *Follower) Snapshot() (snap storage.Snapshot, err error) {
	err = f.read(func(e storage.Engine) error {
		snap, err = e.Snapshot()
		return err
	})
	switch {
	case err == nil:
		return frozen{snap, f.view}, nil
	case snap != nil:
		return nil, errors.Join(err, snap.Close())
	}
	return nil, err
}

// Name implements storage.Engine.
func (f *Follower) Name() string { return f.replica.engineName() }

// SetCompression implements storage.Engine, of this replica.
func (f *Follower) SetCompression(prefix []byte, c storage.Compression) error {
	return f.read(func(e storage.Engine) error { return e.SetCompression(prefix, c) })
}

// Stats implements storage.Engine, of this replica.
func (f *Follower) Stats() (stats storage.Stats, err error) {
	err = f.read(func(e storage.Engine) error {
		stats, err = e.Stats()
		return err
	})
	return stats, err
}

// Structure implements storage.Engine, of this replica.
func (f *Follower) Structure(mostSegments int) (structure storage.Structure, err error) {
	err = f.read(func(e storage.Engine) error {
		structure, err = e.Structure(mostSegments)
		return err
	})
	return structure, err
}

// Close implements storage.Engine. The replica goes on.
func (f *Follower) Close() error { return nil }

// Watch implements storage.Engine: a feed is the leader's to give.
func (f *Follower) Watch(storage.Range, uint64) (storage.Feed, error) {
	return nil, cluster.ErrNotLeader
}

// Put implements storage.Engine.
func (f *Follower) Put([]byte, []byte, storage.WriteOptions) (uint64, error) {
	return 0, cluster.ErrNotLeader
}

// PutIfAbsent implements storage.Engine.
func (f *Follower) PutIfAbsent([]byte, []byte, storage.WriteOptions) (uint64, bool, error) {
	return 0, false, cluster.ErrNotLeader
}

// Modify implements storage.Engine.
func (f *Follower) Modify(dst, _ []byte, _ storage.Modification, _ storage.WriteOptions) ([]byte, storage.Modified, error) {
	return dst, storage.Modified{}, cluster.ErrNotLeader
}

// Delete implements storage.Engine.
func (f *Follower) Delete([]byte, storage.WriteOptions) (uint64, error) {
	return 0, cluster.ErrNotLeader
}

// Write implements storage.Engine.
func (f *Follower) Write(*storage.Batch, storage.WriteOptions) (uint64, error) {
	return 0, cluster.ErrNotLeader
}

// Sync, SyncLog, Checkpoint and Compact implement storage.Engine: they are the leader's.
func (f *Follower) Sync() error             { return cluster.ErrNotLeader }
func (f *Follower) SyncLog() error          { return cluster.ErrNotLeader }
func (f *Follower) Checkpoint(string) error { return cluster.ErrNotLeader }
func (f *Follower) Compact() error          { return cluster.ErrNotLeader }
