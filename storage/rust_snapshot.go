//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_snapshot_open
#cgo nocallback mantisdb_snapshot_open
#cgo noescape mantisdb_snapshot_close
#cgo nocallback mantisdb_snapshot_close
#cgo noescape mantisdb_snapshot_free
#cgo nocallback mantisdb_snapshot_free
#cgo noescape mantisdb_snapshot_get
#cgo nocallback mantisdb_snapshot_get
#cgo noescape mantisdb_snapshot_write_if
#cgo nocallback mantisdb_snapshot_write_if
*/
import "C"

import (
	"runtime"
	"slices"
	"sync/atomic"
)

// rustSnapshot is a Snapshot of the Rust engine. It keeps the engine's handle
// alive, and is closed by the garbage collector if its user forgets.
type rustSnapshot struct {
	engine  *RustStorageEngine
	handle  *C.MantisdbSnapshot
	version uint64
	closed  atomic.Bool
}

// Snapshot implements Engine.
func (e *RustStorageEngine) Snapshot() (Snapshot, error) {
	var (
		handle   *C.MantisdbSnapshot
		sequence C.uint64_t
	)
	status := C.mantisdb_snapshot_open(e.db, &handle, &sequence)
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return nil, e.errorOf(status)
	}
	s := &rustSnapshot{engine: e, handle: handle, version: uint64(sequence)}
	runtime.AddCleanup(s, func(h *C.MantisdbSnapshot) { C.mantisdb_snapshot_free(h) }, handle)
	return s, nil
}

// Version implements Snapshot.
func (s *rustSnapshot) Version() uint64 { return s.version }

// AppendGetMeta implements Snapshot.
func (s *rustSnapshot) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	if err := CheckKey(key); err != nil {
		return dst, Meta{}, err
	}
	dst = slices.Grow(dst, guessLen)
	for {
		room := dst[len(dst):cap(dst)]
		var m C.MantisdbMeta
		status := C.mantisdb_snapshot_get(s.handle, bytesPtr(key), C.size_t(len(key)),
			bytesPtr(room), C.size_t(len(room)), &m)
		runtime.KeepAlive(s)
		switch status {
		case C.MANTISDB_OK:
			return dst[:len(dst)+int(m.value_len)], metaOf(&m), nil
		case C.MANTISDB_SHORT_BUFFER:
			dst = slices.Grow(dst, int(m.value_len))
		default:
			return dst, Meta{}, s.engine.errorOf(status)
		}
	}
}

// WriteIf implements Snapshot. Batch and reads cross in the form in which they were
// built.
func (s *rustSnapshot) WriteIf(b *Batch, reads *ReadSet, o WriteOptions) (uint64, error) {
	if err := o.CheckBatch(); err != nil {
		return 0, err
	}
	packed, read := b.Packed(), reads.packed
	version, status := s.engine.inTurn(func() (uint64, C.int32_t) {
		var sequence C.uint64_t
		status := C.mantisdb_snapshot_write_if(s.handle, bytesPtr(packed), C.size_t(len(packed)),
			bytesPtr(read), C.size_t(len(read)), C.uint32_t(o.Durability), &sequence)
		return uint64(sequence), status
	})
	runtime.KeepAlive(s)
	return s.engine.written(version, status, o)
}

// Close implements Snapshot.
func (s *rustSnapshot) Close() error {
	if !s.closed.Swap(true) {
		C.mantisdb_snapshot_close(s.handle)
		runtime.KeepAlive(s)
	}
	return nil
}

// check returns ErrClosed if the snapshot or its engine is closed.
func (s *rustSnapshot) check() error {
	if s.closed.Load() || s.engine.closed.Load() {
		return ErrClosed
	}
	return nil
}
