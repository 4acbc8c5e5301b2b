package storage

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// batchOverhead is at least what an operation adds to a Pebble batch beside key
// and record: its kind, two lengths and the key space byte.
const batchOverhead = 16

// batchHeaderLen is the length of a Pebble batch without operations.
const batchHeaderLen = 12

// Put implements Engine.
func (e *GoStorageEngine) Put(key, value []byte, o WriteOptions) (version uint64, err error) {
	if err := checkWrite(key, value, o); err != nil {
		return 0, err
	}
	if err := e.enter(); err != nil {
		return 0, err
	}
	defer e.leave(&err)
	level := o.Durability.or(e.level)
	defer e.disk.log.press(level)()
	b := e.newBatch(len(key) + len(value))
	version, err = e.putUnderLock(b, key, value, o.ExpiresAt, level)
	if err != nil {
		return 0, err
	}
	return version, e.finish(b, level)
}

func (e *GoStorageEngine) putUnderLock(b *pebble.Batch, key, value []byte, expiresAt int64, level Durability) (uint64, error) {
	mu := e.keys.of(key)
	mu.Lock()
	defer mu.Unlock()
	return e.applyPut(b, key, value, expiresAt, level)
}

// PutIfAbsent implements Engine.
func (e *GoStorageEngine) PutIfAbsent(key, value []byte, o WriteOptions) (version uint64, stored bool, err error) {
	if err := checkWrite(key, value, o); err != nil {
		return 0, false, err
	}
	if err := e.enter(); err != nil {
		return 0, false, err
	}
	defer e.leave(&err)
	level := o.Durability.or(e.level)
	defer e.disk.log.press(level)()
	b := e.newBatch(len(key) + len(value))
	version, stored, err = e.putIfAbsentUnderLock(b, key, value, o.ExpiresAt, level)
	if err != nil || !stored {
		return 0, false, errors.Join(err, b.Close())
	}
	return version, true, e.finish(b, level)
}

func (e *GoStorageEngine) putIfAbsentUnderLock(b *pebble.Batch, key, value []byte, expiresAt int64, level Durability) (uint64, bool, error) {
	mu := e.keys.of(key)
	mu.Lock()
	defer mu.Unlock()
	found, err := e.view(e.db, key, func([]byte, Meta) {})
	if err != nil || found {
		return 0, false, err
	}
	version, err := e.applyPut(b, key, value, expiresAt, level)
	return version, err == nil, err
}

// Delete implements Engine.
func (e *GoStorageEngine) Delete(key []byte, o WriteOptions) (version uint64, err error) {
	if err := CheckKey(key); err != nil {
		return 0, err
	}
	if err := o.Durability.check(); err != nil {
		return 0, err
	}
	if err := e.enter(); err != nil {
		return 0, err
	}
	defer e.leave(&err)
	level := o.Durability.or(e.level)
	defer e.disk.log.press(level)()
	b := e.newBatch(len(key))
	version, err = e.deleteUnderLock(b, key, level)
	if err != nil {
		return 0, err
	}
	return version, e.finish(b, level)
}

func (e *GoStorageEngine) deleteUnderLock(b *pebble.Batch, key []byte, level Durability) (uint64, error) {
	mu := e.keys.of(key)
	mu.Lock()
	defer mu.Unlock()
	return e.applyDelete(b, key, level)
}

// Write implements Engine.
func (e *GoStorageEngine) Write(batch *Batch, o WriteOptions) (version uint64, err error) {
	if err := o.CheckBatch(); err != nil {
		return 0, err
	}
	if err := e.enter(); err != nil {
		return 0, err
	}
	defer e.leave(&err)
	if batch.Len() == 0 {
		return 0, nil
	}
	level := o.Durability.or(e.level)
	defer e.disk.log.press(level)()
	b := e.newBatchFor(batch)
	version, err = e.writeUnderLocks(b, batch, level)
	if err != nil {
		return 0, err
	}
	return version, e.finish(b, level)
}

func (e *GoStorageEngine) writeUnderLocks(b *pebble.Batch, batch *Batch, level Durability) (uint64, error) {
	stripes := e.stripesOf(batch)
	e.keys.lock(&stripes)
	defer e.keys.unlock(&stripes)
	return e.applyBatch(b, batch, level)
}

// stripesOf is the set of the locks of a batch's keys; the deletion of a range
// takes every lock.
func (e *GoStorageEngine) stripesOf(batch *Batch) (stripes stripeSet) {
	for op := range batch.All() {
		if op.Kind == OpDeleteRange {
			stripes.addAll()
			break
		}
		e.keys.add(&stripes, op.Key)
	}
	return stripes
}

// applyBatch makes a batch visible, and returns the version of its last operation.
// The locks of its keys must be held.
func (e *GoStorageEngine) applyBatch(b *pebble.Batch, batch *Batch, level Durability) (last uint64, err error) {
	e.commits.RLock()
	defer e.commits.RUnlock()
	first, err := e.versions.next(e.db, batch.Len())
	if err != nil {
		return 0, err
	}
	written := false
	defer func() { e.changes.publishBatch(first, batch, written) }()
	version := first
	puts, ranges, earliest := 0, 0, int64(noExpiry)
	for op := range batch.All() {
		switch op.Kind {
		case OpPut:
			var due int64
			due, err = batchPut(b, op.Key, op.Value, Meta{version, op.ExpiresAt})
			earliest = min(earliest, due)
			puts++
		case OpDelete:
			err = batchDelete(b, op.Key)
		case OpDeleteRange:
			o := iterOptions(op.Range())
			err = b.DeleteRange(o.LowerBound, o.UpperBound, nil)
			ranges++
		}
		if err != nil {
			return 0, err
		}
		version++
	}
	if err := e.apply(b, level); err != nil {
		return 0, err
	}
	written = true
	e.sweeper.expect(earliest)
	e.counters.puts.Add(uint64(puts))
	e.counters.bytes.Add(uint64(batch.Size() - batch.Len()*opHeaderLen))
	e.counters.deletes.Add(uint64(batch.Len() - puts - ranges))
	e.counters.rangeDeletes.Add(uint64(ranges))
	e.counters.batches.Add(1)
	if puts < batch.Len() { // there are deletions
		e.reclaimer.expect(e)
	}
	return version - 1, nil
}

// applyPut writes one value. The key's lock must be held.
func (e *GoStorageEngine) applyPut(b *pebble.Batch, key, value []byte, expiresAt int64, level Durability) (uint64, error) {
	due := int64(noExpiry)
	op := Op{Kind: OpPut, Key: key, Value: value, ExpiresAt: expiresAt}
	version, err := e.applyOne(b, &op, level, func(version uint64) (err error) {
		due, err = batchPut(b, key, value, Meta{version, expiresAt})
		return err
	})
	if err != nil {
		return 0, err
	}
	e.sweeper.expect(due)
	e.counters.puts.Add(1)
	e.counters.bytes.Add(uint64(len(key) + len(value)))
	return version, nil
}

// applyOne makes a write of one operation visible, which fill adds to its batch.
func (e *GoStorageEngine) applyOne(b *pebble.Batch, op *Op, level Durability, fill func(version uint64) error) (version uint64, err error) {
	e.commits.RLock()
	defer e.commits.RUnlock()
	if version, err = e.versions.next(e.db, 1); err != nil {
		return 0, err
	}
	if err = fill(version); err == nil {
		err = e.apply(b, level)
	}
	if err != nil {
		e.changes.publishOne(version, nil)
		return 0, err
	}
	e.changes.publishOne(version, op)
	return version, nil
}

// newBatch is a Pebble batch for one operation with n bytes of key and value.
func (e *GoStorageEngine) newBatch(n int) *pebble.Batch {
	return e.db.NewBatchWithSize(batchHeaderLen + batchOverhead + recordHeaderLen + n)
}

// newBatchFor is a Pebble batch with room for the operations of a batch.
func (e *GoStorageEngine) newBatchFor(batch *Batch) *pebble.Batch {
	return e.db.NewBatchWithSize(batchHeaderLen + batch.Size() + batch.Len()*(batchOverhead+recordHeaderLen))
}

// apply makes a batch visible. It does not wait for the log, so that locks are
// not held meanwhile and writers of one key share a sync; finish does. At
// DurabilityMemory the record goes to the log too, since Pebble cannot leave out
// one: nobody waits until it is written.
func (e *GoStorageEngine) apply(b *pebble.Batch, level Durability) error {
	if e.waitsForNothing(level) {
		return translate(e.db.Apply(b, pebble.NoSync))
	}
	return translate(e.db.ApplyNoSyncWait(b, pebble.Sync))
}

// finish waits until an applied batch is where its level wants it, and ends its
// use: on disk, or with the operating system, as logSyncs decides. After a
// failure, which Pebble does not see, nothing is acknowledged.
func (e *GoStorageEngine) finish(b *pebble.Batch, level Durability) error {
	if !e.waitsForNothing(level) {
		if err := b.SyncWait(); err != nil {
			return e.fail(fmt.Errorf("sync the log: %w", ioError(err)))
		}
	}
	if err := e.failure.get(); err != nil {
		return err
	}
	return translate(b.Close())
}

func (e *GoStorageEngine) waitsForNothing(level Durability) bool {
	return !e.durable || level == DurabilityMemory
}

// batchPut adds the write of a value, and if it expires a note, and returns when
// that comes due.
func batchPut(b *pebble.Batch, key, value []byte, m Meta) (due int64, err error) {
	op := b.SetDeferred(1+len(key), recordHeaderLen+len(value))
	op.Key[0] = userSpace
	copy(op.Key[1:], key)
	putRecordHeader(op.Value, m)
	copy(op.Value[recordHeaderLen:], value)
	if err := op.Finish(); err != nil || m.ExpiresAt == 0 {
		return noExpiry, err
	}
	due = dueFor(m.ExpiresAt, Now())
	return due, batchNote(b, key, due)
}

func batchDelete(b *pebble.Batch, key []byte) error {
	op := b.DeleteDeferred(1 + len(key))
	op.Key[0] = userSpace
	copy(op.Key[1:], key)
	return op.Finish()
}
