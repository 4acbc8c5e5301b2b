package storage

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// Modify implements Engine.
func (e *GoStorageEngine) Modify(dst, key []byte, m Modification, o WriteOptions) (_ []byte, done Modified, err error) {
	if err := m.Check(key, o); err != nil {
		return dst, Modified{}, err
	}
	if err := e.enter(); err != nil {
		return dst, Modified{}, err
	}
	defer e.leave(&err)
	level := o.Durability.or(e.level)
	defer e.disk.log.press(level)()
	b := e.newBatch(len(key) + len(m.Value))
	out, done, err := e.modifyUnderLock(b, dst, key, &m, o.ExpiresAt, level)
	if err != nil || done.Version == 0 {
		return dst, done, errors.Join(err, b.Close())
	}
	return out, done, e.finish(b, level)
}

// modifyUnderLock makes a modification visible, and appends the value before to
// dst if the modification gives it.
func (e *GoStorageEngine) modifyUnderLock(b *pebble.Batch, dst, key []byte, m *Modification, expiresAt int64, level Durability) ([]byte, Modified, error) {
	mu := e.keys.of(key)
	mu.Lock()
	defer mu.Unlock()
	var value []byte
	var done Modified
	found, err := e.view(e.db, key, func(v []byte, meta Meta) {
		value, done.Before = bytes.Clone(v), meta
	})
	if err != nil {
		return dst, Modified{}, err
	}
	done.Existed = found
	change, err := m.Change(value, done.Before, found, expiresAt)
	if err != nil {
		return dst, Modified{}, err
	}
	switch done.Number = change.Number; change.Kind {
	case OpPut:
		done.Version, err = e.applyPut(b, key, change.Value, change.ExpiresAt, level)
	case OpDelete:
		done.Version, err = e.applyDelete(b, key, level)
	}
	if err == nil && found && m.Gives() {
		dst = append(dst, value...)
	}
	return dst, done, err
}

// applyDelete removes one key. Its lock must be held.
func (e *GoStorageEngine) applyDelete(b *pebble.Batch, key []byte, level Durability) (uint64, error) {
	op := Op{Kind: OpDelete, Key: key}
	version, err := e.applyOne(b, &op, level, func(uint64) error { return batchDelete(b, key) })
	if err != nil {
		return 0, err
	}
	e.counters.deletes.Add(1)
	e.reclaimer.expect(e)
	return version, nil
}
