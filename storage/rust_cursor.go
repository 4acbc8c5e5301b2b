//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_scan
#cgo nocallback mantisdb_scan
#cgo noescape mantisdb_scan_page
#cgo nocallback mantisdb_scan_page
*/
import "C"

import (
	"encoding/binary"
	"runtime"
)

// rustCursor is a Cursor of the Rust engine. It reads a page of packed entries
// at a time; between pages the core holds nothing for it but the snapshot.
type rustCursor struct {
	engine *RustStorageEngine
	// handle is what pages are read at. It is nil in a scan of the newest state until the
	// core has found that one page does not do.
	handle *C.MantisdbSnapshot
	snap   *rustSnapshot // that the handle is of; nil if that is the cursor's own
	flags  C.uint32_t
	left   int // how many entries may still be read

	room *scanRoom // nil once done
	rest []byte    // what of the page is to come, within the room
	more bool      // whether the range may go on after the page
	done bool

	key, value []byte // within the room
	meta       Meta
	err        error
}

// Scan implements Engine. Most scans are short: the call that reads the first page opens
// a snapshot only if there is to be a second one.
func (e *RustStorageEngine) Scan(r Range) (Cursor, error) {
	if err := r.checkLimit(); err != nil {
		return nil, err
	}
	c := newRustCursor(e, r)
	if err := c.nextPage(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Scan implements Snapshot.
func (s *rustSnapshot) Scan(r Range) (Cursor, error) {
	if err := r.checkLimit(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	c := newRustCursor(s.engine, r)
	c.snap, c.handle = s, s.handle
	return c, nil
}

func newRustCursor(e *RustStorageEngine, r Range) *rustCursor {
	c := &rustCursor{engine: e, room: takeScanRoom(r), left: r.most(), more: true}
	if len(r.Start) > 0 {
		c.flags |= C.MANTISDB_SCAN_HAS_START
	}
	if r.End != nil {
		c.flags |= C.MANTISDB_SCAN_HAS_END
	}
	if r.Reverse {
		c.flags |= C.MANTISDB_SCAN_REVERSE
	}
	if r.KeysOnly {
		c.flags |= C.MANTISDB_SCAN_KEYS_ONLY
	}
	return c
}

// Next implements Cursor.
func (c *rustCursor) Next() bool {
	if c.done {
		return false
	}
	if err := c.check(); err != nil {
		return c.end(err)
	}
	if len(c.rest) == 0 {
		if !c.more || c.left == 0 {
			return c.end(nil)
		}
		if err := c.nextPage(); err != nil || len(c.rest) == 0 {
			return c.end(err)
		}
	}
	c.unpack()
	return true
}

// check returns ErrClosed if what the cursor walks in is closed.
func (c *rustCursor) check() error {
	switch {
	case c.snap != nil:
		return c.snap.check()
	case c.engine.closed.Load():
		return ErrClosed
	}
	return nil
}

// end ends the walk, and gives back what it held.
func (c *rustCursor) end(err error) bool {
	c.done, c.err = true, err
	c.key, c.value, c.meta, c.rest = nil, nil, Meta{}, nil
	c.room.release()
	c.room = nil
	if c.snap == nil && c.handle != nil {
		C.mantisdb_snapshot_free(c.handle)
	}
	c.handle = nil
	return false
}

// nextPage reads the page after the current key.
func (c *rustCursor) nextPage() error {
	if c.key != nil {
		c.continueAfter(c.key)
	}
	buffer := c.room.nextPage(c.left)
	for {
		page, status := c.read(buffer)
		switch status {
		case C.MANTISDB_OK:
			c.rest, c.more = buffer[:page.used], bool(page.more)
			c.left -= int(page.count)
			return nil
		case C.MANTISDB_SHORT_BUFFER:
			c.flags |= C.MANTISDB_SCAN_CONTINUED
			buffer = c.room.pageOf(int(page.needed))
		default:
			return c.engine.errorOf(status)
		}
	}
}

// read reads a page into a buffer.
func (c *rustCursor) read(buffer []byte) (page C.MantisdbPage, status C.int32_t) {
	start, end := c.room.start, c.room.end
	if c.handle == nil {
		status = C.mantisdb_scan(c.engine.db,
			bytesPtr(start), C.size_t(len(start)), bytesPtr(end), C.size_t(len(end)),
			c.flags, C.size_t(c.left), bytesPtr(buffer), C.size_t(len(buffer)), &page, &c.handle)
		runtime.KeepAlive(c.engine)
		return page, status
	}
	status = C.mantisdb_scan_page(c.handle,
		bytesPtr(start), C.size_t(len(start)), bytesPtr(end), C.size_t(len(end)),
		c.flags, C.size_t(c.left), bytesPtr(buffer), C.size_t(len(buffer)), &page)
	runtime.KeepAlive(c.snap)
	return page, status
}

// continueAfter narrows the range to what comes after key, in its direction.
func (c *rustCursor) continueAfter(key []byte) {
	c.flags |= C.MANTISDB_SCAN_CONTINUED
	if c.flags&C.MANTISDB_SCAN_REVERSE != 0 {
		c.room.end = append(c.room.end[:0], key...)
		c.flags |= C.MANTISDB_SCAN_HAS_END
	} else {
		c.room.start = append(c.room.start[:0], key...)
		c.flags |= C.MANTISDB_SCAN_HAS_START | C.MANTISDB_SCAN_START_EXCLUSIVE
	}
}

// unpack takes the next entry from the page.
func (c *rustCursor) unpack() {
	header, body := c.rest[:entryHeaderLen], c.rest[entryHeaderLen:]
	k := binary.LittleEndian.Uint32(header)
	v := binary.LittleEndian.Uint32(header[4:])
	c.meta.Version = binary.LittleEndian.Uint64(header[8:])
	c.meta.ExpiresAt = int64(binary.LittleEndian.Uint64(header[16:]))
	c.key = body[:k:k]
	c.value = body[k : k+v : k+v]
	if c.flags&C.MANTISDB_SCAN_KEYS_ONLY != 0 {
		c.value = nil
	}
	c.rest = body[k+v:]
}

// Key implements Cursor.
func (c *rustCursor) Key() []byte { return c.key }

// Value implements Cursor.
func (c *rustCursor) Value() []byte { return c.value }

// Meta implements Cursor.
func (c *rustCursor) Meta() Meta { return c.meta }

// Err implements Cursor.
func (c *rustCursor) Err() error { return c.err }

// Close implements Cursor.
func (c *rustCursor) Close() error {
	if !c.done {
		c.end(ErrClosed)
	}
	return nil
}
