package mantisdb

import (
	"bytes"
	"math"
	"slices"

	"github.com/mantisdb/mantisdb/storage"
)

// txCursor walks a range of a transaction: what its snapshot sees, with its own
// writes upon it.
type txCursor struct {
	tx      *Tx
	r       Range
	stored  storage.Cursor
	isAhead bool  // stored is at an entry that was not yielded
	ended   bool  // stored is at its end
	left    int   // how many entries may still be yielded
	offsets []int // own writes that were not yielded
	ranges  []int // own deletions of ranges

	key, value []byte
	meta       Meta
	expiresAt  int64 // when the first of the stored values expires that were yielded
	err        error // why the walk ended before its end
}

// scan opens a cursor over a range. What of it was read is noted when it is closed, or
// when the transaction is committed, whichever comes first.
func (tx *Tx) scan(r Range) (storage.Cursor, error) {
	if tx.done {
		return nil, ErrTxDone
	}
	snap, err := tx.snapshot()
	if err != nil {
		return nil, err
	}
	c := &txCursor{tx: tx, r: r, left: math.MaxInt, offsets: tx.writes.in(r), ranges: slices.Clip(tx.writes.ranges)}
	if r.Limit > 0 {
		c.left = r.Limit
		r.Limit = c.storedLimit()
	}
	if c.stored, err = snap.Scan(r); err != nil {
		return nil, err
	}
	tx.open = append(tx.open, c)
	return c, nil
}

// Next implements storage.Cursor.
func (c *txCursor) Next() bool {
	if c.err != nil || c.left == 0 {
		return false
	}
	c.left--
	for {
		if !c.isAhead && !c.ended {
			c.isAhead = c.stored.Next()
			c.ended = !c.isAhead
			if c.err = c.stored.Err(); c.err != nil {
				return false
			}
		}
		order := c.compare()
		if order == 0 {
			c.isAhead = false // hidden by an own write
		}
		switch {
		case order > 0:
			if !c.isAhead {
				return false
			}
			c.isAhead = false
			c.key, c.value, c.meta = c.stored.Key(), c.stored.Value(), c.stored.Meta()
			if c.tx.writes.isDeleted(c.key, c.ranges, -1) {
				continue
			}
			if at := c.meta.ExpiresAt; at != 0 && (c.expiresAt == 0 || at < c.expiresAt) {
				c.expiresAt = at
			}
			return true
		case c.takeOwn():
			return true
		}
	}
}

// storedLimit is how many entries of the snapshot are enough for those that the walk may
// yield: each own write hides one at most, the deletion of a range any number.
func (c *txCursor) storedLimit() int {
	if len(c.ranges) > 0 || c.left > math.MaxInt-len(c.offsets) {
		return 0
	}
	return c.left + len(c.offsets)
}

// compare tells which comes next: an own write below 0, an entry of the snapshot
// above 0; at 0 both have the same key. Without either it is above 0.
func (c *txCursor) compare() int {
	switch {
	case len(c.offsets) == 0:
		return 1
	case !c.isAhead:
		return -1
	}
	order := bytes.Compare(c.tx.writes.batch.At(c.offsets[0]).Key, c.stored.Key())
	if c.r.Reverse {
		return -order
	}
	return order
}

// takeOwn moves to the next own write, and tells whether it is a live value. It is
// copied: a loop may write.
func (c *txCursor) takeOwn() bool {
	op := c.tx.writes.batch.At(c.offsets[0])
	c.offsets = c.offsets[1:]
	if op.Kind != storage.OpPut || storage.Expired(op.ExpiresAt) {
		return false
	}
	c.key, c.value, c.meta = bytes.Clone(op.Key), nil, Meta{ExpiresAt: op.ExpiresAt}
	if !c.r.KeysOnly {
		c.value = bytes.Clone(op.Value)
	}
	return true
}

// Key implements storage.Cursor.
func (c *txCursor) Key() []byte { return c.key }

// Value implements storage.Cursor.
func (c *txCursor) Value() []byte { return c.value }

// Meta implements storage.Cursor.
func (c *txCursor) Meta() Meta { return c.meta }

// Err implements storage.Cursor.
func (c *txCursor) Err() error { return c.err }

// Close implements storage.Cursor. It notes what the walk has read, unless the
// transaction has ended.
func (c *txCursor) Close() error {
	if i := slices.Index(c.tx.open, c); i >= 0 {
		c.tx.open = slices.Delete(c.tx.open, i, i+1)
		c.note()
	}
	return c.stored.Close()
}

// note notes what the walk has read so far.
func (c *txCursor) note() {
	if seen, any := c.seen(); any && !c.tx.readOnly {
		_ = c.tx.noteRead(c.tx.reads.AddRange(seen.Start, seen.End, c.expiresAt))
	}
}

// end ends the walk, since the transaction ends.
func (c *txCursor) end() {
	c.err = ErrTxDone
	c.offsets = nil
}

// seen is the part of the range that the walk has told something of: all of it, or
// up to the last key if it was left early.
func (c *txCursor) seen() (seen Range, any bool) {
	switch seen = c.r; {
	case c.err != nil, c.ended && len(c.offsets) == 0:
		return seen, true
	case c.key == nil:
		return seen, false
	case c.r.Reverse:
		seen.Start = c.key
	default:
		seen.End = append(slices.Clip(c.key), 0)
	}
	return seen, true
}
