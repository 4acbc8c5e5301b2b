//go:build rust

package storage

/*
#include <mantisdb_core.h>
#include <timeslice.h>

#cgo noescape scan
#cgo nocallback scan
#cgo noescape mantisdb_scan_page
#cgo nocallback mantisdb_scan_page

// scanned is what a call for a page came to.
typedef struct {
	MantisdbPage page;
	int32_t      status;
	int32_t      slice_over;
} scanned;

// scan is mantisdb_scan at less cost; see the functions in rust_point.go.
static void scan(uintptr_t db, const uint8_t *start, size_t start_len, const uint8_t *end, size_t end_len,
	uint32_t flags, size_t limit, uint8_t *buffer, size_t capacity, MantisdbSnapshot **snapshot, scanned *s) {
	s->status = mantisdb_scan((const MantisdbDb *)db, start, start_len, end, end_len, flags, limit,
		buffer, capacity, &s->page, snapshot);
	s->slice_over = timeslice_is_over();
}
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
	page []byte    // within the room
	more bool      // whether the range may go on after the page
	done bool
	err  error

	// Where the current entry's key begins in the page, how long it and the value are, and
	// where the next entry begins. A step changes these alone: slices are made when they are
	// asked for, and so no pointer is stored in a step, of which Go's collector would have
	// to be told.
	at, keyLen, valueLen, next int // keyLen is 0 if there is no current entry
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
	if c.next == len(c.page) && !c.turnPage() {
		return false
	}
	c.step()
	return true
}

// turnPage goes on to the next page, and tells whether there is one.
func (c *rustCursor) turnPage() bool {
	if !c.more || c.left == 0 {
		return c.end(nil)
	}
	if err := c.nextPage(); err != nil || len(c.page) == 0 {
		return c.end(err)
	}
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
	c.page, c.at, c.keyLen, c.valueLen, c.next = nil, 0, 0, 0, 0
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
	if c.keyLen != 0 {
		c.continueAfter(c.Key())
	}
	buffer := c.room.nextPage(c.left)
	for {
		page, status := c.read(buffer)
		switch status {
		case C.MANTISDB_OK:
			c.page, c.more, c.next = buffer[:page.used], bool(page.more), 0
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
		var s C.scanned
		C.scan(c.engine.address,
			bytesPtr(start), C.size_t(len(start)), bytesPtr(end), C.size_t(len(end)),
			c.flags, C.size_t(c.left), bytesPtr(buffer), C.size_t(len(buffer)), &c.handle, &s)
		runtime.KeepAlive(c.engine)
		letOthersRun(s.slice_over)
		return s.page, s.status
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

// step moves to the next entry of the page, which has one.
func (c *rustCursor) step() {
	header := c.page[c.next:]
	c.keyLen = int(binary.LittleEndian.Uint32(header))
	c.valueLen = int(binary.LittleEndian.Uint32(header[4:]))
	c.at = c.next + entryHeaderLen
	c.next = c.at + c.keyLen + c.valueLen
}

// Key implements Cursor.
func (c *rustCursor) Key() []byte {
	end := c.at + c.keyLen
	return c.page[c.at:end:end]
}

// Value implements Cursor.
func (c *rustCursor) Value() []byte {
	if c.flags&C.MANTISDB_SCAN_KEYS_ONLY != 0 {
		return nil
	}
	begin := c.at + c.keyLen
	end := begin + c.valueLen
	return c.page[begin:end:end]
}

// Meta implements Cursor.
func (c *rustCursor) Meta() Meta {
	if c.keyLen == 0 {
		return Meta{}
	}
	header := c.page[c.at-entryHeaderLen:]
	return Meta{
		Version:   binary.LittleEndian.Uint64(header[8:]),
		ExpiresAt: int64(binary.LittleEndian.Uint64(header[16:])),
	}
}

// Err implements Cursor.
func (c *rustCursor) Err() error { return c.err }

// Close implements Cursor.
func (c *rustCursor) Close() error {
	if !c.done {
		c.end(ErrClosed)
	}
	return nil
}
