package replica

import (
	"errors"
	"math"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/storage"
)

// view is what a replica has, without asking the group, with the versions of a term.
type view struct {
	replica *Replica
	term    uint64
	began   uint64 // the engine's version of the record with which the term began
}

// viewInNone is what a replica has in no term: all its versions are its own.
func viewInNone(r *Replica) view { return view{r, 0, math.MaxUint64} }

// outward is a version of the engine as users see it; 0 is none.
func (v view) outward(version uint64) uint64 {
	switch {
	case version == 0:
		return 0
	case version > v.began:
		return versionIn(v.term, version-v.began)
	}
	return ownVersion(v.term, version)
}

// failed is why a read failed, for who may find a better replica.
func failed(err error) error {
	if errors.Is(err, storage.ErrClosed) {
		return errors.Join(cluster.ErrNotLeader, err)
	}
	return err
}

// AppendGetMeta implements storage.Reader.
func (v view) AppendGetMeta(dst, key []byte) ([]byte, storage.Meta, error) {
	engine, err := v.replica.current()
	if err != nil {
		return dst, storage.Meta{}, failed(err)
	}
	dst, meta, err := engine.AppendGetMeta(dst, key)
	meta.Version = v.outward(meta.Version)
	return dst, meta, failed(err)
}

// Scan implements storage.Reader.
func (v view) Scan(r storage.Range) (storage.Cursor, error) {
	engine, err := v.replica.current()
	if err != nil {
		return nil, failed(err)
	}
	return v.scan(engine, r)
}

// scanner is an engine or a snapshot of one.
type scanner interface {
	Scan(r storage.Range) (storage.Cursor, error)
}

// scan opens a cursor that does not see the replica's record.
func (v view) scan(of scanner, r storage.Range) (storage.Cursor, error) {
	hidden := holdsRecord(r)
	limit := r.Limit
	if hidden && limit > 0 {
		r.Limit++
	}
	cursor, err := of.Scan(r)
	if err != nil {
		return nil, failed(err)
	}
	if hidden {
		cursor = &hidingCursor{Cursor: cursor, left: limit, limited: limit > 0}
	}
	return viewCursor{cursor, v}, nil
}

// holdsRecord tells whether the replica's record is in a range.
func holdsRecord(r storage.Range) bool {
	return string(r.Start) <= string(recordKey) && (r.End == nil || string(recordKey) < string(r.End))
}

// hidingCursor leaves the replica's record out.
type hidingCursor struct {
	storage.Cursor
	limited bool
	left    int // entries, if limited
}

func (c *hidingCursor) Next() bool {
	if c.limited && c.left == 0 {
		return false
	}
	c.left--
	return c.Cursor.Next() && (string(c.Cursor.Key()) != string(recordKey) || c.Cursor.Next())
}

// viewCursor is a cursor with the versions of a term.
type viewCursor struct {
	storage.Cursor
	view view
}

func (c viewCursor) Meta() storage.Meta {
	meta := c.Cursor.Meta()
	meta.Version = c.view.outward(meta.Version)
	return meta
}

func (c viewCursor) Err() error { return failed(c.Cursor.Err()) }
