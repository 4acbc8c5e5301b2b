//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_watch_open
#cgo nocallback mantisdb_watch_open
#cgo noescape mantisdb_watch_page
#cgo nocallback mantisdb_watch_page
#cgo noescape mantisdb_watch_close
#cgo nocallback mantisdb_watch_close
#cgo noescape mantisdb_watch_free
#cgo nocallback mantisdb_watch_free
*/
import "C"

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync/atomic"
)

// changeHeaderLen is the length of a packed change before its operation: its version.
const changeHeaderLen = 8

// rustFeed is a Feed of the Rust engine. It reads a page of packed changes at a time,
// and waits in Go, where it holds no thread.
type rustFeed struct {
	engine   *RustStorageEngine
	handle   *C.MantisdbWatch
	from     uint64
	keysOnly bool
	closed   atomic.Bool

	buffer []byte // of the page
	rest   []byte // what of the page is to come, within buffer
	more   bool   // whether it is worth asking for another page at once
	err    error  // the last word
}

// Watch implements Engine.
func (e *RustStorageEngine) Watch(r Range, from uint64) (Feed, error) {
	if err := CheckWatch(r); err != nil {
		return nil, err
	}
	if e.closed.Load() {
		return nil, ErrClosed
	}
	var flags C.uint32_t
	if len(r.Start) > 0 {
		flags |= C.MANTISDB_SCAN_HAS_START
	}
	if r.End != nil {
		flags |= C.MANTISDB_SCAN_HAS_END
	}
	if r.KeysOnly {
		flags |= C.MANTISDB_SCAN_KEYS_ONLY
	}
	var handle *C.MantisdbWatch
	var first C.uint64_t
	status := C.mantisdb_watch_open(e.db, bytesPtr(r.Start), C.size_t(len(r.Start)),
		bytesPtr(r.End), C.size_t(len(r.End)), flags, C.uint64_t(from), &handle, &first)
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return nil, e.errorOf(status)
	}
	f := &rustFeed{engine: e, handle: handle, from: uint64(first), keysOnly: r.KeysOnly, more: true}
	runtime.AddCleanup(f, func(h *C.MantisdbWatch) { C.mantisdb_watch_free(h) }, handle)
	return f, nil
}

// From implements Feed.
func (f *rustFeed) From() uint64 { return f.from }

// Next implements Feed.
func (f *rustFeed) Next(ctx context.Context) (Change, error) {
	looks := len(f.rest) == 0 && ctx.Err() != nil
	for pages := 0; ; pages++ {
		switch {
		case f.closed.Load() || f.engine.closed.Load():
			return Change{}, ErrClosed
		case f.err != nil:
			return Change{}, f.err
		case len(f.rest) > 0:
			return f.unpack(), nil
		case pages > 0 && !looks && ctx.Err() != nil:
			// There may be much behind it that is not of the range.
			return Change{}, ctx.Err()
		}
		if f.err = f.fetch(ctx); f.err != nil && f.err == ctx.Err() {
			f.err = nil
			return Change{}, ctx.Err()
		}
	}
}

// fetch reads the next page, and waits for a write if there is nothing to be read.
func (f *rustFeed) fetch(ctx context.Context) error {
	if f.more {
		return f.nextPage()
	}
	rung := f.engine.changed.listen()
	// What was written before that has rung for nobody.
	if err := f.nextPage(); err != nil || len(f.rest) > 0 || f.more {
		return err
	}
	// What is rare and large is not to be kept by all who wait.
	if len(f.buffer) > largestPageLen {
		f.buffer, f.rest = nil, nil
	}
	select {
	case <-rung:
		f.more = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nextPage reads what is there. The buffer grows with the pages that fill it.
func (f *rustFeed) nextPage() error {
	if f.more && len(f.buffer) < largestPageLen {
		f.buffer = make([]byte, max(firstPageLen, pageGrowth*len(f.buffer)))
	}
	for {
		var page C.MantisdbPage
		status := C.mantisdb_watch_page(f.handle, bytesPtr(f.buffer), C.size_t(len(f.buffer)), &page)
		runtime.KeepAlive(f)
		switch status {
		case C.MANTISDB_OK:
			f.rest, f.more = f.buffer[:page.used], bool(page.more)
			return nil
		case C.MANTISDB_SHORT_BUFFER:
			f.buffer = make([]byte, page.needed)
		default:
			return f.engine.errorOf(status)
		}
	}
}

// unpack takes the next change from the page.
func (f *rustFeed) unpack() Change {
	version := binary.LittleEndian.Uint64(f.rest)
	op, rest := unpack(f.rest[changeHeaderLen:])
	f.rest = rest
	return changeOf(op, version, f.keysOnly)
}

// Close implements Feed.
func (f *rustFeed) Close() error {
	if !f.closed.Swap(true) {
		C.mantisdb_watch_close(f.handle)
		runtime.KeepAlive(f)
		f.engine.changed.ring() // its reader may wait
	}
	return nil
}
