package mantisdb

import (
	"iter"
	"runtime"

	"github.com/mantisdb/mantisdb/storage"
)

// Range selects keys for a scan. Its fields:
//
//   - Start, End []byte bound the keys k: Start <= k < End; nil is unbounded. A
//     Start beyond End selects nothing.
//   - Reverse bool yields keys in descending order.
//   - KeysOnly bool skips the values, which are then nil.
//   - Limit int is how many entries a scan yields at most; 0 is all. Say it rather than
//     leave the loop: so no more is read than that. A scan with a negative limit, and
//     all else than a scan with any limit, is refused with ErrInvalidOptions.
type Range = storage.Range

// Prefix is the range of all keys that begin with p; an empty p is every key.
func Prefix(p []byte) Range { return storage.Prefix(p) }

// Entry is what Scan.Entries yields. Key and Value are borrowed: valid until
// the loop's next step.
type Entry struct {
	Key, Value []byte
	Meta
}

// Scan walks the entries of a range in order:
//
//	scan := db.Scan(mantisdb.Prefix([]byte("user/")))
//	for key, value := range scan.All() {
//		use(key, value)
//	}
//	err := scan.Err()
//
// Each loop sees the state of the moment at which it begins, whatever is
// written meanwhile, and holds resources only while it runs: there is nothing
// to close. A scan that says by Range.Limit how many entries it wants costs least. A
// Scan is not safe for concurrent use.
type Scan struct {
	ks   *Keyspace
	snap *Snapshot // of a scan at a snapshot, else nil
	tx   *Tx       // of a scan in a transaction, else nil
	r    Range     // as the engine knows it
	room []byte    // for a key
	err  error
}

// Scan prepares a walk over a range of the newest state. r is copied.
func (db *DB) Scan(r Range) *Scan { return db.main.Scan(r) }

// newScan is s over a range of its keyspace.
func newScan(s *Scan, r Range) *Scan {
	s.r = s.ks.region.bounds(r)
	return s
}

// All yields keys and values. Both are borrowed: valid until the loop's next
// step, so copy what must last. A value is nil in a scan of keys only. An error
// ends the loop; ask Err after it.
func (s *Scan) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		cursor := s.begin()
		if cursor == nil {
			return
		}
		defer s.close(cursor)
		for cursor.Next() {
			if !yield(s.key(cursor.Key()), s.value(cursor.Value())) {
				return
			}
		}
		s.err = cursor.Err()
	}
}

// Entries yields keys and values with their versions and expiries, borrowed as
// those of All.
func (s *Scan) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		cursor := s.begin()
		if cursor == nil {
			return
		}
		defer s.close(cursor)
		for cursor.Next() {
			key, value := s.key(cursor.Key()), s.value(cursor.Value())
			if !yield(Entry{Key: key, Value: value, Meta: cursor.Meta()}) {
				return
			}
		}
		s.err = cursor.Err()
	}
}

// Err is the error that ended a loop early, nil if none did. It stays: after an
// error further loops yield nothing.
func (s *Scan) Err() error { return s.err }

// begin opens the cursor of a loop; nil if there is an error. It is to be closed by close,
// also when the loop's body panics.
func (s *Scan) begin() storage.Cursor {
	if s.err != nil {
		return nil
	}
	cursor, err := s.open()
	if err != nil {
		s.err = err
		return nil
	}
	return cursor
}

// key is the user's key of a stored one. Most are stored as they are.
func (s *Scan) key(stored []byte) []byte {
	if s.ks.region.keeps(stored) {
		return stored
	}
	return s.ks.region.key(stored, &s.room)
}

// value is a value that the cursor told, nil only in a scan of keys.
func (s *Scan) value(told []byte) []byte {
	if s.r.KeysOnly {
		return nil
	}
	return nonNil(told)
}

// open opens a cursor over the range.
func (s *Scan) open() (storage.Cursor, error) {
	if err := s.ks.check(); err != nil {
		return nil, err
	}
	switch {
	case s.tx != nil:
		return s.tx.scan(s.r)
	case s.snap != nil:
		return s.snap.scan(s.r)
	}
	return s.ks.engine.Scan(s.r)
}

// close closes the cursor of a loop. Until then the net could close the snapshot under it.
func (s *Scan) close(cursor storage.Cursor) {
	cursor.Close()
	runtime.KeepAlive(s.snap)
}
