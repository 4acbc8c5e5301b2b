package storage

import (
	"bytes"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// WriteIf implements Snapshot. The locks of all keys that were read or are written
// are held while the reads are looked at again and the batch is applied, so that
// nothing comes in between. The read of a range takes every lock.
func (s *pebbleSnapshot) WriteIf(batch *Batch, reads *ReadSet, o WriteOptions) (version uint64, err error) {
	if o.ExpiresAt != 0 {
		return 0, fmt.Errorf("%w: the operations of a batch carry their own expiry", ErrInvalidOptions)
	}
	if err := o.Durability.check(); err != nil {
		return 0, err
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave(&err)
	if batch.Len() == 0 {
		return 0, nil
	}
	e := s.engine
	level := o.Durability.or(e.level)
	defer e.disk.log.press(level)()
	b := e.newBatchFor(batch)
	version, err = s.writeIfUnderLocks(b, batch, reads, level)
	if err != nil {
		return 0, err
	}
	return version, e.finish(b, level)
}

func (s *pebbleSnapshot) writeIfUnderLocks(b *pebble.Batch, batch *Batch, reads *ReadSet, level Durability) (uint64, error) {
	e := s.engine
	stripes := e.stripesOf(batch)
	for r := range reads.all {
		if r.kind == readRange {
			stripes.addAll()
			break
		}
		e.keys.add(&stripes, r.first)
	}
	e.keys.lock(&stripes)
	defer e.keys.unlock(&stripes)
	for r := range reads.all {
		holds, err := s.holds(r)
		if err != nil {
			return 0, err
		}
		if !holds {
			return 0, ErrConflict
		}
	}
	return e.applyBatch(b, batch, level)
}

// holds tells whether a read would come out the same now. The locks of what was
// read must be held.
func (s *pebbleSnapshot) holds(r read) (bool, error) {
	if r.kind == readRange {
		return s.rangeHolds(r)
	}
	version := uint64(0)
	_, err := s.engine.view(s.engine.db, r.first, func(_ []byte, m Meta) { version = m.Version })
	return version == r.what, err
}

// rangeHolds compares a range as it is with what the snapshot sees of it, entry by
// entry. An entry that has expired since it was read is a difference.
func (s *pebbleSnapshot) rangeHolds(r read) (holds bool, err error) {
	keys := Range{Start: r.first}
	if len(r.second) > 0 {
		keys.End = r.second
	}
	bounds := iterOptions(keys)
	now, err := s.engine.db.NewIter(bounds)
	if err != nil {
		return false, translate(err)
	}
	defer now.Close()
	then, err := s.snap.NewIter(bounds)
	if err != nil {
		return false, translate(err)
	}
	defer then.Close()
	for a, b := now.First(), then.First(); a || b; a, b = now.Next(), then.Next() {
		if a != b || !bytes.Equal(now.Key(), then.Key()) || !bytes.Equal(now.Value(), then.Value()) {
			return false, firstError(now.Error(), then.Error())
		}
		_, m, err := parseRecord(now.Value())
		if err != nil {
			return false, err
		}
		if m.ExpiresAt > int64(r.what) && Expired(m.ExpiresAt) {
			return false, nil
		}
	}
	err = firstError(now.Error(), then.Error())
	return err == nil, err
}

// firstError is the first of some errors of Pebble, or nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return translate(err)
		}
	}
	return nil
}
