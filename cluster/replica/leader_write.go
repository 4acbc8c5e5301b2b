package replica

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/mantisdb/mantisdb/storage"
)

// MaxEntryLen is the longest packed batch that a shard takes, in bytes. A batch is one entry of the
// log, and so one message and one write to the disk, behind which all that the node has to tell waits,
// also that it leads: docs/cluster.md has what longer ones do.
const MaxEntryLen = 32 << 20

// propose has a batch applied by all replicas. Its latches are held.
func (l *Leader) propose(b *storage.Batch) (version uint64, err error) {
	if b.Size() > MaxEntryLen {
		return 0, fmt.Errorf("%w: one write of %d bytes, and a cluster takes %d at most", storage.ErrBatchTooLarge, b.Size(), MaxEntryLen)
	}
	number, err := l.proposer.propose(b)
	if err != nil {
		return 0, err
	}
	return versionIn(l.term, number), nil
}

// sparingRecord is a batch that deletes the same, but not the replicas' record.
func sparingRecord(b *storage.Batch) (*storage.Batch, error) {
	covers := func(op storage.Op) bool { return op.Kind == storage.OpDeleteRange && holdsRecord(op.Range()) }
	found := false
	for op := range b.All() {
		found = found || covers(op)
	}
	if !found {
		return b, nil
	}
	spared := new(storage.Batch)
	for op := range b.All() {
		var err error
		switch {
		case covers(op):
			err = errors.Join(spared.DeleteRange(op.Key, recordKey), spared.DeleteRange(append(recordKey[:len(recordKey):len(recordKey)], 0), op.Range().End))
		case op.Kind == storage.OpDeleteRange:
			err = spared.DeleteRange(op.Key, op.Range().End)
		case op.Kind == storage.OpDelete:
			err = spared.Delete(op.Key)
		default:
			err = spared.Put(op.Key, op.Value, op.ExpiresAt)
		}
		if err != nil {
			return nil, err
		}
	}
	return spared, nil
}

// alone is a batch of one operation, which add adds.
func alone(add func(b *storage.Batch) error) (*storage.Batch, error) {
	b := new(storage.Batch)
	return b, add(b)
}

// share proposes a batch that depends on nothing.
func (l *Leader) share(b *storage.Batch) (version uint64, err error) {
	if err := l.begin(); err != nil {
		return 0, err
	}
	if b.Len() == 0 {
		return 0, nil
	}
	var set latchSet
	l.latches.addBatch(&set, b)
	if set.whole {
		if b, err = sparingRecord(b); err != nil {
			return 0, err
		}
	}
	defer l.latches.share(&set)()
	return l.propose(b)
}

// Put implements storage.Engine.
func (l *Leader) Put(key, value []byte, o storage.WriteOptions) (uint64, error) {
	if err := o.Check(); err != nil {
		return 0, err
	}
	b, err := alone(func(b *storage.Batch) error { return b.Put(key, value, o.ExpiresAt) })
	if err != nil {
		return 0, err
	}
	return l.share(b)
}

// Delete implements storage.Engine.
func (l *Leader) Delete(key []byte, o storage.WriteOptions) (uint64, error) {
	if err := o.Check(); err != nil {
		return 0, err
	}
	b, err := alone(func(b *storage.Batch) error { return b.Delete(key) })
	if err != nil {
		return 0, err
	}
	return l.share(b)
}

// Write implements storage.Engine.
func (l *Leader) Write(b *storage.Batch, o storage.WriteOptions) (uint64, error) {
	if err := o.CheckBatch(); err != nil {
		return 0, err
	}
	return l.share(b)
}

// PutIfAbsent implements storage.Engine.
func (l *Leader) PutIfAbsent(key, value []byte, o storage.WriteOptions) (version uint64, stored bool, err error) {
	if err := o.Check(); err != nil {
		return 0, false, err
	}
	put, err := alone(func(b *storage.Batch) error { return b.Put(key, value, o.ExpiresAt) })
	if err != nil {
		return 0, false, err
	}
	version, err = l.evaluate(key, func() (*storage.Batch, error) {
		engine, err := l.local()
		if err != nil {
			return nil, err
		}
		if has, err := engine.Has(key); has || err != nil {
			return nil, failed(err)
		}
		return put, nil
	})
	return version, err == nil && version != 0, err
}

// Modify implements storage.Engine.
func (l *Leader) Modify(dst, key []byte, m storage.Modification, o storage.WriteOptions) ([]byte, storage.Modified, error) {
	if err := m.Check(key, o); err != nil {
		return dst, storage.Modified{}, err
	}
	var before []byte
	var done storage.Modified
	version, err := l.evaluate(key, func() (b *storage.Batch, err error) {
		before, b, done, err = l.plan(key, &m, o)
		return b, err
	})
	if err != nil {
		return dst, storage.Modified{}, err
	}
	if done.Version = version; done.Existed && m.Gives() && version != 0 {
		dst = append(dst, before...)
	}
	return dst, done, nil
}

// plan is what a modification makes of the value that there is; without a batch, nothing.
func (l *Leader) plan(key []byte, m *storage.Modification, o storage.WriteOptions) (before []byte, b *storage.Batch, done storage.Modified, err error) {
	before, meta, err := l.appendGetMeta(nil, key)
	found := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, nil, done, err
	}
	change, err := m.Change(before, meta, found, o.ExpiresAt)
	if err != nil {
		return nil, nil, done, err
	}
	done = storage.Modified{Number: change.Number, Existed: found, Before: meta}
	switch change.Kind {
	case storage.OpPut:
		b, err = alone(func(b *storage.Batch) error { return b.Put(key, change.Value, change.ExpiresAt) })
	case storage.OpDelete:
		b, err = alone(func(b *storage.Batch) error { return b.Delete(key) })
	}
	return before, b, done, err
}

// evaluate proposes the batch that depends on a key's value. Where nothing is to be written, or
// that is refused, the answer is a read: it is given only if this replica had all to know. version is
// 0 then.
func (l *Leader) evaluate(key []byte, evaluation func() (*storage.Batch, error)) (version uint64, err error) {
	if err := l.begin(); err != nil {
		return 0, err
	}
	var set latchSet
	l.latches.add(&set, key)
	defer l.latches.hold(&set)()
	b, err := evaluation()
	if (err != nil || b == nil) && !l.reads.complete() {
		if _, err := l.current(); err != nil {
			return 0, err
		}
		b, err = evaluation()
	}
	if err != nil || b == nil {
		return 0, cmp.Or(l.present(), err)
	}
	return l.propose(b)
}

// WriteIf implements storage.Snapshot.
func (s *snapshot) WriteIf(b *storage.Batch, reads *storage.ReadSet, o storage.WriteOptions) (uint64, error) {
	if err := o.CheckBatch(); err != nil {
		return 0, err
	}
	l := s.leader
	if s.closed.Load() {
		return 0, storage.ErrClosed
	}
	if err := l.begin(); err != nil || b.Len() == 0 {
		return 0, err
	}
	set := latchSet{whole: reads.HasRanges()}
	for key := range reads.Keys {
		l.latches.add(&set, key)
	}
	l.latches.addBatch(&set, b)
	if set.whole {
		var err error
		if b, err = sparingRecord(b); err != nil {
			return 0, err
		}
	}
	defer l.latches.hold(&set)()
	holds, err := reads.Hold(l.view, s)
	if err != nil {
		return 0, err
	}
	if !holds {
		return 0, storage.ErrConflict
	}
	return l.propose(b)
}
