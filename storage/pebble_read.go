package storage

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// scratch holds a key in the form in which Pebble has it, for the time of a
// lookup.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// AppendGet implements Engine.
func (e *GoStorageEngine) AppendGet(dst, key []byte) ([]byte, error) {
	dst, _, err := e.AppendGetMeta(dst, key)
	return dst, err
}

// AppendGetMeta implements Engine.
func (e *GoStorageEngine) AppendGetMeta(dst, key []byte) (_ []byte, m Meta, err error) {
	if err := CheckKey(key); err != nil {
		return dst, Meta{}, err
	}
	if err := e.enter(); err != nil {
		return dst, Meta{}, err
	}
	defer e.leave(&err)
	return e.appendFrom(e.db, dst, key)
}

// Has implements Engine.
func (e *GoStorageEngine) Has(key []byte) (found bool, err error) {
	if err := CheckKey(key); err != nil {
		return false, err
	}
	if err := e.enter(); err != nil {
		return false, err
	}
	defer e.leave(&err)
	found, err = e.view(e.db, key, func([]byte, Meta) {})
	e.counters.countGet(found)
	return found, err
}

// MultiGet implements Engine.
func (e *GoStorageEngine) MultiGet(keys [][]byte, out *Values) (err error) {
	out.Reset()
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return err
		}
	}
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave(&err)
	snap := e.db.NewSnapshot()
	defer snap.Close()
	for _, key := range keys {
		err := e.appendResult(snap, out, key)
		if err == nil {
			err = out.check(len(out.arena))
		}
		if err != nil {
			out.Reset()
			return err
		}
	}
	return nil
}

func (e *GoStorageEngine) appendResult(r pebble.Reader, out *Values, key []byte) error {
	found, err := e.view(r, key, func(value []byte, _ Meta) { out.AppendFound(value) })
	if err == nil && !found {
		out.AppendMissing()
	}
	e.counters.countGet(found)
	return err
}

// appendFrom is AppendGetMeta from any reader.
func (e *GoStorageEngine) appendFrom(r pebble.Reader, dst, key []byte) (_ []byte, m Meta, err error) {
	found, err := e.view(r, key, func(value []byte, meta Meta) {
		dst, m = append(dst, value...), meta
	})
	e.counters.countGet(found)
	if err == nil && !found {
		err = ErrNotFound
	}
	return dst, m, err
}

// view calls see with key's live value, borrowed for the call, if it has one.
func (e *GoStorageEngine) view(r pebble.Reader, key []byte, see func(value []byte, m Meta)) (found bool, err error) {
	_, err = viewRecord(r, key, func(value []byte, m Meta) {
		if found = !Expired(m.ExpiresAt); found {
			see(value, m)
		}
	})
	return found, err
}

// viewRecord calls see with key's record, live or expired, if there is one.
func viewRecord(r pebble.Reader, key []byte, see func(value []byte, m Meta)) (exists bool, err error) {
	k := scratch.Get().(*[]byte)
	defer scratch.Put(k)
	*k = appendUserKey((*k)[:0], key)
	record, closer, err := r.Get(*k)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, translate(err)
	}
	defer closer.Close()
	value, m, err := parseRecord(record)
	if err != nil {
		return false, err
	}
	see(value, m)
	return true, nil
}
