package storage

import (
	"bytes"
	"errors"
)

// Reader is what reads the newest state of an engine.
type Reader interface {
	AppendGetMeta(dst, key []byte) ([]byte, Meta, error)
	Scan(r Range) (Cursor, error)
}

// Hold tells whether what was read at a snapshot would come out the same if it were read from
// now. Nobody may write what was read meanwhile. It is for engines that have others beneath
// them; it copies values and walks ranges twice, which an engine itself need not.
func (r *ReadSet) Hold(now Reader, then Snapshot) (holds bool, err error) {
	holds = true
	r.all(func(one read) bool {
		switch {
		case Expired(one.meta.ExpiresAt):
			holds = false
		case one.kind == readRange:
			holds, err = one.sameRange(now, then)
		default:
			holds, err = one.sameKey(now)
		}
		return holds && err == nil
	})
	return holds && err == nil, err
}

// HasRanges tells whether a range was read.
func (r *ReadSet) HasRanges() bool { return len(r.ranges) > 0 }

// Keys yields the keys that were read, without those of ranges. They are borrowed from the set.
func (r *ReadSet) Keys(yield func(key []byte) bool) {
	r.all(func(one read) bool { return one.kind == readRange || yield(one.first) })
}

func (r read) sameKey(now Reader) (bool, error) {
	_, meta, err := now.AppendGetMeta(nil, r.first)
	if errors.Is(err, ErrNotFound) {
		meta, err = Meta{}, nil
	}
	return meta.Version == r.meta.Version, err
}

// sameRange compares a range entry by entry. Entries of the snapshot that have expired since
// are noted in the read, whose time has come then.
func (r read) sameRange(now Reader, then Snapshot) (same bool, err error) {
	keys := Range{Start: r.first, KeysOnly: true}
	if len(r.second) > 0 {
		keys.End = r.second
	}
	a, err := now.Scan(keys)
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := then.Scan(keys)
	if err != nil {
		return false, err
	}
	defer b.Close()
	for {
		inNow, inThen := a.Next(), b.Next()
		if err := errors.Join(a.Err(), b.Err()); err != nil {
			return false, err
		}
		switch {
		case inNow != inThen:
			return false, nil
		case !inNow:
			return true, nil
		case a.Meta().Version != b.Meta().Version || !bytes.Equal(a.Key(), b.Key()):
			return false, nil
		}
	}
}
