package mantisdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Tx is a transaction: it reads one state of the database, sees its own writes
// upon it, and Commit applies the writes together if nothing that it read has
// changed meanwhile: neither the value nor the absence of a key, nor any key of a
// range that it scanned. So transactions are serializable: they have the effect of
// running one after the other, in the order of their commits. No lock is held in
// between, and a transaction that only reads never fails.
//
// The state is that of the first read, not of Begin. A value that expires while the
// transaction runs counts as a change.
//
// Its own methods read and write the default keyspace, In others.
//
// A Tx is not safe for concurrent use. It must be ended by Commit or Discard;
// DB.Update and DB.View do that.
type Tx struct {
	db         *DB
	snap       storage.Snapshot // nil before the first read
	reads      storage.ReadSet
	writes     pendingWrites
	scope      scope // of the writes
	durability Durability
	readOnly   bool
	done       bool
	managed    bool            // Update or View ends it
	cleanup    runtime.Cleanup // closes the snapshot of one that is dropped, unless it is managed
	broken     error           // why the reads are not all noted, and nothing can be committed
	open       []*txCursor
}

// How often Update runs its function, and how long it waits at most in between.
const (
	maxUpdateTries = 100
	maxUpdateWait  = 2 * time.Millisecond
)

// Begin begins a transaction; writable says whether it may write. It must be ended
// by Commit or Discard.
func (db *DB) Begin(writable bool) *Tx { return &Tx{db: db, readOnly: !writable} }

// View runs fn with a transaction that only reads, and returns its error.
func (db *DB) View(fn func(tx *Tx) error) error {
	tx := &Tx{db: db, readOnly: true, managed: true}
	defer tx.Discard()
	return fn(tx)
}

// Update runs fn with a transaction and commits it. If fn returns an error, nothing
// is written, and Update returns it. If something that fn read has changed when it
// commits, fn runs anew, up to a hundred times with short waits in between; then
// Update returns ErrConflict. So fn must do nothing that may not be repeated.
func (db *DB) Update(fn func(tx *Tx) error) error {
	return db.UpdateWith(fn, WriteOptions{})
}

// UpdateWith is Update with the durability that o says.
func (db *DB) UpdateWith(fn func(tx *Tx) error, o WriteOptions) error {
	if o.TTL != 0 {
		return fmt.Errorf("%w: a transaction has no time to live", ErrInvalidOptions)
	}
	tx := &Tx{db: db, durability: o.Durability, managed: true}
	defer tx.Discard()
	for try := 1; ; try++ {
		err := fn(tx)
		if err != nil {
			return err
		}
		err = tx.commit()
		if !errors.Is(err, ErrConflict) || try == maxUpdateTries {
			return err
		}
		waitToRetry(try)
		tx.renew()
	}
}

// waitToRetry waits the longer the more often a transaction has failed, and a
// random time, so that those that have met do not meet again.
func waitToRetry(try int) {
	longest := min(time.Microsecond<<min(try, 20), maxUpdateWait)
	if wait := rand.N(longest); wait > 50*time.Microsecond {
		time.Sleep(wait)
	} else {
		runtime.Gosched()
	}
}

// SetDurability says when Commit acknowledges the writes; DurabilityDefault is the
// database's own level.
func (tx *Tx) SetDurability(d Durability) { tx.durability = d }

// In is a view of the transaction in a keyspace; nil is the default one.
func (tx *Tx) In(ks *Keyspace) KeyspaceTx {
	if ks == nil {
		ks = tx.db.main
	}
	return KeyspaceTx{tx, ks}
}

// Get returns the value of key, which belongs to the caller, or ErrNotFound. An
// empty value is empty and not nil.
func (tx *Tx) Get(key []byte) ([]byte, error) { return tx.In(nil).Get(key) }

// AppendGet appends the value of key to dst and returns the extended slice. On an
// error, such as ErrNotFound, it returns dst as it was.
func (tx *Tx) AppendGet(dst, key []byte) ([]byte, error) { return tx.In(nil).AppendGet(dst, key) }

// AppendGetMeta is AppendGet that also tells the value's version and expiry. A
// value that the transaction itself wrote has the version 0 until it is committed.
func (tx *Tx) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	return tx.In(nil).AppendGetMeta(dst, key)
}

// Has tells whether key has a live value.
func (tx *Tx) Has(key []byte) (bool, error) { return tx.In(nil).Has(key) }

// Scan prepares a walk over a range as DB.Scan does. A loop sees the transaction's
// own writes of before it began.
func (tx *Tx) Scan(r Range) *Scan { return tx.In(nil).Scan(r) }

// Iterator walks a range as DB.Iterator does. It sees the transaction's own writes of
// before it was last positioned by anything but a further step in the same direction,
// and ends with the transaction.
func (tx *Tx) Iterator(r Range) *Iterator { return tx.In(nil).Iterator(r) }

// Put stores value under key, without expiry.
func (tx *Tx) Put(key, value []byte) error { return tx.In(nil).Put(key, value) }

// PutTTL stores value under key for the time ttl from now, not from Commit, rounded
// up to whole milliseconds. A ttl that is not positive is ErrInvalidTTL.
func (tx *Tx) PutTTL(key, value []byte, ttl time.Duration) error {
	return tx.In(nil).PutTTL(key, value, ttl)
}

// PutExpiresAt stores value under key until a time in Unix milliseconds; 0 is never.
func (tx *Tx) PutExpiresAt(key, value []byte, unixMillis int64) error {
	return tx.In(nil).PutExpiresAt(key, value, unixMillis)
}

// Delete removes key, which need not exist.
func (tx *Tx) Delete(key []byte) error { return tx.In(nil).Delete(key) }

// DeleteRange removes every key of a range, those too that others write before the
// commit. r's Reverse and KeysOnly make no difference.
func (tx *Tx) DeleteRange(r Range) error { return tx.In(nil).DeleteRange(r) }

// SetAppliedIndex stores index with the transaction's writes, as
// Batch.SetAppliedIndex does.
func (tx *Tx) SetAppliedIndex(index []byte) error {
	if err := checkAppliedIndex(index); err != nil {
		return err
	}
	if err := tx.mayWrite(len(appliedIndexKey) + len(index)); err != nil {
		return err
	}
	if err := tx.writes.put(appliedIndexKey, index, 0); err != nil {
		return err
	}
	tx.scope.addIndex()
	return nil
}

// Write adds the operations of b, which stays as it is, in their order.
func (tx *Tx) Write(b *Batch) error {
	if err := b.check(tx.db); err != nil {
		return err
	}
	if err := tx.mayWrite(b.ops.Size()); err != nil {
		return err
	}
	tx.scope.join(&b.scope)
	for op := range b.ops.All() {
		if err := tx.writes.add(op); err != nil {
			return err
		}
	}
	return nil
}

// Commit ends the transaction and applies its writes, whole or not at all. It is
// ErrConflict if something that was read has changed, and ErrTxDone if the
// transaction has ended before. That of Update is not to be committed by hand.
func (tx *Tx) Commit() error {
	if tx.managed {
		return fmt.Errorf("%w: Update and View end their transaction by themselves", ErrInvalidOptions)
	}
	return tx.commit()
}

func (tx *Tx) commit() (err error) {
	if tx.done {
		return ErrTxDone
	}
	defer tx.Discard()
	// Loops that are still under way have read, too.
	for _, cursor := range tx.open {
		cursor.note()
	}
	if tx.broken != nil || tx.writes.batch.Len() == 0 {
		return tx.broken
	}
	if err := tx.scope.check(tx.db); err != nil {
		return err
	}
	o := storage.WriteOptions{Durability: tx.scope.durability(tx.durability)}
	if tx.reads.Size() == 0 {
		_, err = tx.db.engine.Write(&tx.writes.batch, o)
	} else {
		_, err = tx.snap.WriteIf(&tx.writes.batch, &tx.reads, o)
	}
	if err == nil {
		tx.scope.written(tx.db)
	}
	return err
}

// Discard ends the transaction and forgets its writes. After Commit, or again, it
// does nothing.
func (tx *Tx) Discard() {
	tx.done = true
	for _, cursor := range tx.open {
		cursor.end()
	}
	tx.open = tx.open[:0]
	if tx.snap == nil {
		return
	}
	tx.cleanup.Stop()
	tx.snap.Close()
	tx.snap = nil
}

// renew makes an ended transaction a new one.
func (tx *Tx) renew() {
	tx.reads.Reset()
	tx.writes.reset()
	tx.scope.reset()
	tx.done, tx.broken = false, nil
}

// snapshot is the state that the transaction reads.
func (tx *Tx) snapshot() (storage.Snapshot, error) {
	if tx.snap != nil {
		return tx.snap, nil
	}
	snap, err := tx.db.engine.Snapshot()
	if err != nil {
		return nil, err
	}
	tx.snap = snap
	if !tx.managed {
		tx.cleanup = runtime.AddCleanup(tx, closeForgotten, forgotten{snap, tx.db.logger, tx.db.leaked})
	}
	return snap, nil
}

// mayWrite returns nil if the transaction may add a write of so many bytes.
func (tx *Tx) mayWrite(bytes int) error {
	switch {
	case tx.done:
		return ErrTxDone
	case tx.readOnly:
		return ErrReadOnly
	}
	return tx.takes(bytes)
}

// takes tells whether the transaction may grow by a write of so many bytes.
func (tx *Tx) takes(bytes int) error {
	const overhead = 32
	size := uint64(tx.reads.Size() + tx.writes.batch.Size() + bytes + overhead)
	if limit := tx.db.memoryLimit; limit != 0 && size > limit {
		return fmt.Errorf("%w: its reads and writes would take %d bytes, and the memory limit is %d", ErrTxTooLarge, size, limit)
	}
	if size > MaxBatchLen {
		return fmt.Errorf("%w: its reads and writes would take %d bytes, at most %d", ErrTxTooLarge, size, MaxBatchLen)
	}
	return nil
}

// noteRead is the end of a call that has read: what could not be noted must not be
// relied upon, so that nothing can be committed any more.
func (tx *Tx) noteRead(err error) error {
	if err == nil {
		err = tx.takes(0)
	} else if errors.Is(err, ErrBatchTooLarge) {
		err = fmt.Errorf("%w: %w", ErrTxTooLarge, err)
	}
	if err != nil {
		tx.broken = err
	}
	return err
}
