package mantisdb

import (
	"bytes"
	"runtime"

	"github.com/mantisdb/mantisdb/storage"
)

// Iterator walks the entries of a range, back and forth, and moves to any key:
//
//	it := db.Iterator(mantisdb.Range{})
//	defer it.Close()
//	for ok := it.Seek([]byte("user/")); ok; ok = it.Next() {
//		use(it.Key(), it.Value())
//	}
//	err := it.Err()
//
// It sees the state of the moment at which it was made, whatever is written meanwhile,
// and must be closed, since it holds a snapshot. A new one is before the first entry. A
// step that goes on in the direction of the last one costs as much as that of a Scan,
// which is the simpler way to walk a range once; First, Last, Seek and a turn cost a
// search. A Range.Limit is ErrInvalidOptions.
//
// With Range.Reverse, first and next are meant in descending order. An Iterator is not
// safe for concurrent use.
type Iterator struct {
	ks    *Keyspace
	state state
	owned *Snapshot // the state, if it is to be closed with the iterator
	r     Range     // as the engine knows it

	cursor storage.Cursor // nil: none is open
	back   bool           // the cursor walks against the range's direction
	place  place
	room   []byte // for a key
	err    error
}

// state is what an iterator walks in: a Snapshot or a Tx.
type state interface {
	// scan opens a cursor over a range as the engine knows it.
	scan(r Range) (storage.Cursor, error)
}

// place is where an iterator is.
type place uint8

const (
	beforeFirst place = iota
	atEntry           // that of the cursor
	behindLast
)

// Iterator makes an iterator over a range of the newest state. r is copied. If it cannot
// be made, every move is in vain, and Err tells why.
func (db *DB) Iterator(r Range) *Iterator { return db.main.Iterator(r) }

// Iterator is DB.Iterator in the keyspace.
func (ks *Keyspace) Iterator(r Range) *Iterator {
	if err := ks.check(); err != nil {
		return &Iterator{ks: ks, err: err}
	}
	snap, err := ks.db.Snapshot()
	it := newIterator(ks, snap, r, err)
	if err == nil {
		it.owned = snap
	}
	return it
}

func newIterator(ks *Keyspace, in state, r Range, err error) *Iterator {
	if err == nil {
		err = r.CheckNoLimit()
	}
	return &Iterator{ks: ks, state: in, r: ks.region.bounds(r), err: err}
}

// Next moves to the next entry, at first to the first, and tells whether there is one.
// If there is none, the iterator is behind the last entry.
func (it *Iterator) Next() bool { return it.step(false) }

// Prev moves to the entry before, from behind the last entry to that, and tells whether
// there is one. If there is none, the iterator is before the first entry.
func (it *Iterator) Prev() bool { return it.step(true) }

// First moves to the first entry and tells whether there is one.
func (it *Iterator) First() bool {
	it.leave(beforeFirst)
	return it.Next()
}

// Last moves to the last entry and tells whether there is one.
func (it *Iterator) Last() bool {
	it.leave(behindLast)
	return it.Prev()
}

// Seek moves to the first entry at or behind key, in the range's direction, and tells
// whether there is one. If there is none, the iterator is behind the last entry. The key
// may lie outside of the range.
func (it *Iterator) Seek(key []byte) bool {
	it.leave(beforeFirst)
	if it.err != nil {
		return false
	}
	r := it.r
	switch {
	case !r.Reverse:
		r.Start = greater(r.Start, it.ks.region.append(nil, key))
	case len(key) == 0:
		it.place = behindLast
		return false
	default:
		end := append(it.ks.region.append(nil, key), 0) // the least key that is greater
		if r.End == nil || bytes.Compare(end, r.End) < 0 {
			r.End = end
		}
	}
	return it.open(r, false) && it.advance()
}

// Key is the current entry's key, borrowed: valid until the next move. Without an entry
// it is nil.
func (it *Iterator) Key() []byte {
	if !it.Valid() {
		return nil
	}
	return it.ks.region.key(it.cursor.Key(), &it.room)
}

// Value is the current entry's value, borrowed as Key is; nil with Range.KeysOnly, or
// without an entry.
func (it *Iterator) Value() []byte {
	if !it.Valid() || it.r.KeysOnly {
		return nil
	}
	return nonNil(it.cursor.Value())
}

// Meta describes the current entry's value.
func (it *Iterator) Meta() Meta {
	if !it.Valid() {
		return Meta{}
	}
	return it.cursor.Meta()
}

// Valid tells whether the iterator is at an entry.
func (it *Iterator) Valid() bool { return it.place == atEntry && it.err == nil }

// Err is the error that kept the iterator from moving; nil if there was none. It stays:
// every later move is in vain.
func (it *Iterator) Err() error { return it.err }

// Close releases the iterator, whose moves are in vain from then on, with ErrClosed.
// Closing again returns nil.
func (it *Iterator) Close() error {
	it.leave(behindLast)
	if it.err == nil {
		it.err = ErrClosed
	}
	if it.owned == nil {
		return nil
	}
	snap := it.owned
	it.owned = nil
	return snap.Close()
}

// step moves by one entry, against the range's direction if back is set.
func (it *Iterator) step(back bool) bool {
	if it.err != nil {
		return false
	}
	if it.cursor == nil || it.back != back {
		r, any := it.rest(back)
		it.leave(it.place)
		if !any || !it.open(r, back) {
			return false
		}
	}
	return it.advance()
}

// rest is what of the range lies ahead in a direction.
func (it *Iterator) rest(back bool) (r Range, any bool) {
	r = it.r
	r.Reverse = r.Reverse != back
	switch it.place {
	case beforeFirst:
		return r, !back
	case behindLast:
		return r, back
	}
	if at := bytes.Clone(it.cursor.Key()); r.Reverse {
		r.End = at
	} else {
		r.Start = append(at, 0) // the least key that is greater
	}
	return r, true
}

// open opens a cursor over a part of the range, in the direction that back tells.
func (it *Iterator) open(r Range, back bool) bool {
	if it.err = it.ks.check(); it.err != nil {
		return false
	}
	cursor, err := it.state.scan(r)
	if err != nil {
		it.err = err
		return false
	}
	it.cursor, it.back = cursor, back
	return true
}

// advance moves on with the cursor that is open.
func (it *Iterator) advance() bool {
	ok := it.cursor.Next()
	runtime.KeepAlive(it) // else the net could close the snapshot under the call
	if ok {
		it.place = atEntry
		return true
	}
	if err := it.cursor.Err(); err != nil {
		it.err = err
	}
	if it.back {
		it.leave(beforeFirst)
	} else {
		it.leave(behindLast)
	}
	return false
}

// leave closes the cursor and is somewhere else then.
func (it *Iterator) leave(to place) {
	if it.cursor != nil {
		it.cursor.Close()
		it.cursor = nil
	}
	it.place = to
}

// greater is the greater one of two keys.
func greater(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}
