//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_scan_page
#cgo nocallback mantisdb_scan_page
*/
import "C"

import (
	"encoding/binary"
	"math"
	"runtime"
)

// A page starts small, since many scans are short, and grows with the scan.
const (
	firstPageLen   = 4 << 10
	pageGrowth     = 4
	largestPageLen = 256 << 10
	// entryHeaderLen is the length of a packed entry before its key:
	// key length u32, value length u32, sequence u64, expiry u64.
	entryHeaderLen = 24
)

// rustCursor is a Cursor of the Rust engine. It reads a page of packed entries
// at a time; between pages the core holds nothing for it but the snapshot.
type rustCursor struct {
	snap  *rustSnapshot
	r     Range
	flags C.uint32_t

	buffer []byte // of the page
	rest   []byte // what of the page is to come, within buffer
	more   bool   // whether the range may go on after the page
	done   bool

	key, value []byte // within buffer
	meta       Meta
	err        error
}

// Scan implements Snapshot.
func (s *rustSnapshot) Scan(r Range) (Cursor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c := &rustCursor{snap: s, more: true}
	c.r.Start = append([]byte(nil), r.Start...)
	c.r.End = append([]byte(nil), r.End...)
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
	return c, nil
}

// Next implements Cursor.
func (c *rustCursor) Next() bool {
	if c.done {
		return false
	}
	if err := c.snap.check(); err != nil {
		return c.end(err)
	}
	if len(c.rest) == 0 {
		if !c.more {
			return c.end(nil)
		}
		if err := c.nextPage(); err != nil || len(c.rest) == 0 {
			return c.end(err)
		}
	}
	c.unpack()
	return true
}

func (c *rustCursor) end(err error) bool {
	c.done, c.err = true, err
	c.key, c.value, c.meta = nil, nil, Meta{}
	c.buffer, c.rest = nil, nil
	return false
}

// nextPage reads the page after the current key.
func (c *rustCursor) nextPage() error {
	if c.key != nil {
		c.continueAfter(c.key)
	}
	if len(c.buffer) < largestPageLen {
		c.buffer = make([]byte, max(firstPageLen, pageGrowth*len(c.buffer)))
	}
	for {
		var page C.MantisdbPage
		status := C.mantisdb_scan_page(c.snap.handle,
			bytesPtr(c.r.Start), C.size_t(len(c.r.Start)),
			bytesPtr(c.r.End), C.size_t(len(c.r.End)),
			c.flags, math.MaxInt64,
			bytesPtr(c.buffer), C.size_t(len(c.buffer)), &page)
		runtime.KeepAlive(c.snap)
		switch status {
		case C.MANTISDB_OK:
			c.rest, c.more = c.buffer[:page.used], bool(page.more)
			return nil
		case C.MANTISDB_SHORT_BUFFER:
			c.flags |= C.MANTISDB_SCAN_CONTINUED
			c.buffer = make([]byte, page.needed)
		default:
			return c.snap.engine.errorOf(status)
		}
	}
}

// continueAfter narrows the range to what comes after key, in its direction.
func (c *rustCursor) continueAfter(key []byte) {
	c.flags |= C.MANTISDB_SCAN_CONTINUED
	if c.flags&C.MANTISDB_SCAN_REVERSE != 0 {
		c.r.End = append(c.r.End[:0], key...)
		c.flags |= C.MANTISDB_SCAN_HAS_END
	} else {
		c.r.Start = append(c.r.Start[:0], key...)
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
