package storage

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// WriteIf implements Snapshot. The locks of all keys that were read or are written
// are held while the reads are looked at again and the batch is applied, so that
// nothing comes in between. The read of a range takes every lock.
func (s *pebbleSnapshot) WriteIf(batch *Batch, reads *ReadSet, o WriteOptions) (version uint64, err error) {
	if err := o.CheckBatch(); err != nil {
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
	if Expired(r.meta.ExpiresAt) {
		return false, nil
	}
	if r.kind == readRange {
		return s.rangeHolds(r)
	}
	version := uint64(0)
	_, err := s.engine.view(s.engine.db, r.first, func(_ []byte, m Meta) { version = m.Version })
	return version == r.meta.Version, err
}

// rangeHolds compares a range as it is with what the snapshot sees of it, entry by
// entry. Those that have expired had before they were read.
func (s *pebbleSnapshot) rangeHolds(r read) (holds bool, err error) {
	keys := Range{Start: r.first}
	if len(r.second) > 0 {
		keys.End = r.second
	}
	now, err := s.engine.db.NewIter(iterOptions(keys))
	if err != nil {
		return false, translate(err)
	}
	defer now.Close()
	then, err := s.snap.NewIter(iterOptions(keys))
	if err != nil {
		return false, translate(err)
	}
	defer then.Close()
	a, b := liveEntries{iter: now}, liveEntries{iter: then}
	for {
		inNow, inThen := a.next(), b.next()
		if err := errors.Join(a.err, b.err); err != nil {
			return false, err
		}
		switch {
		case inNow != inThen:
			return false, nil
		case !inNow:
			return true, nil
		case a.version != b.version || !bytes.Equal(now.Key(), then.Key()):
			return false, nil
		}
	}
}

// liveEntries walks the entries of an iterator that have not expired.
type liveEntries struct {
	iter    *pebble.Iterator
	started bool
	version uint64
	err     error
}

func (l *liveEntries) next() bool {
	for {
		found := false
		if l.started {
			found = l.iter.Next()
		} else {
			l.started, found = true, l.iter.First()
		}
		if !found {
			l.err = translate(l.iter.Error())
			return false
		}
		_, m, err := parseRecord(l.iter.Value())
		if err != nil {
			l.err = err
			return false
		}
		if !Expired(m.ExpiresAt) {
			l.version = m.Version
			return true
		}
	}
}
