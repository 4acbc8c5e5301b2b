package storage

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleCursor is a Cursor of the pure-Go engine. It copies each entry, so that
// what the caller borrows outlives an engine that closes meanwhile.
type pebbleCursor struct {
	snap     *pebbleSnapshot
	ownsSnap bool             // snap is closed with the cursor
	iter     *pebble.Iterator // nil once released; guarded by the engine's gate
	reverse  bool
	keysOnly bool
	left     int // how many entries may still be yielded
	started  bool
	done     bool
	closed   bool
	key      []byte
	value    []byte
	meta     Meta
	err      error
}

// Scan implements Engine.
func (e *GoStorageEngine) Scan(r Range) (Cursor, error) {
	s, err := e.Snapshot()
	if err != nil {
		return nil, err
	}
	c, err := s.(*pebbleSnapshot).scan(r)
	if err != nil {
		s.Close()
		return nil, err
	}
	c.ownsSnap = true
	return c, nil
}

// Scan implements Snapshot.
func (s *pebbleSnapshot) Scan(r Range) (Cursor, error) {
	c, err := s.scan(r)
	if err != nil {
		return nil, err // and not a Cursor that is nil
	}
	return c, nil
}

func (s *pebbleSnapshot) scan(r Range) (_ *pebbleCursor, err error) {
	if err := r.checkLimit(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave(&err)
	iter, err := s.snap.NewIter(iterOptions(r))
	if err != nil {
		return nil, translate(err)
	}
	c := &pebbleCursor{snap: s, iter: iter, reverse: r.Reverse, keysOnly: r.KeysOnly, left: r.most()}
	s.engine.views.addCursor(c)
	s.engine.counters.scans.Add(1)
	return c, nil
}

// iterOptions are the bounds of a range in Pebble. A start beyond the end is
// moved to it, since Pebble wants ordered bounds.
func iterOptions(r Range) *pebble.IterOptions {
	lower := appendUserKey(nil, r.Start)
	upper := []byte{userSpace + 1}
	if r.End != nil {
		upper = appendUserKey(nil, r.End)
	}
	if string(lower) > string(upper) {
		lower = upper
	}
	return &pebble.IterOptions{LowerBound: lower, UpperBound: upper}
}

// Next implements Cursor.
func (c *pebbleCursor) Next() bool {
	if c.done {
		return false
	}
	var ok bool
	var err error
	if c.left > 0 {
		c.left--
		ok, err = c.advance()
	}
	if !ok {
		c.done, c.err = true, err
		c.key, c.value, c.meta = nil, nil, Meta{}
	}
	return ok
}

// advance moves to the next live entry and copies it.
func (c *pebbleCursor) advance() (ok bool, err error) {
	if err := c.snap.enter(); err != nil {
		return false, err
	}
	defer c.snap.leave(&err)
	for c.step() {
		record, err := c.iter.ValueAndErr()
		if err != nil {
			return false, translate(err)
		}
		value, meta, err := parseRecord(record)
		if err != nil {
			return false, err
		}
		if Expired(meta.ExpiresAt) {
			continue
		}
		c.key = append(c.key[:0], c.iter.Key()[1:]...)
		c.meta = meta
		if !c.keysOnly {
			c.value = append(c.value[:0], value...)
		}
		c.snap.engine.counters.scanKeys.Add(1)
		return true, nil
	}
	return false, translate(c.iter.Error())
}

// step moves Pebble's iterator by one, at first to the range's first entry.
func (c *pebbleCursor) step() bool {
	switch started := c.started; {
	case !started && c.reverse:
		c.started = true
		return c.iter.Last()
	case !started:
		c.started = true
		return c.iter.First()
	case c.reverse:
		return c.iter.Prev()
	default:
		return c.iter.Next()
	}
}

// Key implements Cursor.
func (c *pebbleCursor) Key() []byte { return c.key }

// Value implements Cursor.
func (c *pebbleCursor) Value() []byte { return c.value }

// Meta implements Cursor.
func (c *pebbleCursor) Meta() Meta { return c.meta }

// Err implements Cursor.
func (c *pebbleCursor) Err() error { return c.err }

// Close implements Cursor.
func (c *pebbleCursor) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if !c.done {
		c.done, c.err = true, ErrClosed
	}
	c.key, c.value, c.meta = nil, nil, Meta{}
	err := c.closeIter()
	if c.ownsSnap {
		err = errors.Join(err, c.snap.Close())
	}
	return err
}

func (c *pebbleCursor) closeIter() (err error) {
	e := c.snap.engine
	if err := e.enter(); err != nil {
		return nil // the engine closed, or failed, and took the iterator along
	}
	defer e.leave(&err)
	e.views.removeCursor(c)
	return translate(c.iter.Close())
}
