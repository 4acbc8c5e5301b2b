//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_open
#cgo nocallback mantisdb_open
#cgo noescape mantisdb_close
#cgo nocallback mantisdb_close
#cgo noescape mantisdb_free
#cgo nocallback mantisdb_free
#cgo noescape mantisdb_stats
#cgo nocallback mantisdb_stats
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// DefaultEngine is what an empty Config.Engine means in this build.
const DefaultEngine = EngineRust

// RustStorageEngine is the Engine over the lock-free Rust core. Its data lives
// outside Go's heap. Its reads and writes cross into the core by one cgo call
// each, into buffers of the caller's, and allocate nothing themselves.
//
// The handle's memory stays valid until the engine is unreachable, so a call
// that races with Close finds it closed and not gone. Every method keeps the
// engine reachable until its cgo call has returned.
type RustStorageEngine struct {
	db     *C.MantisdbDb
	closed atomic.Bool
}

// openRust opens the Rust engine, which keeps everything in memory.
func openRust(c Config) (Engine, error) {
	if got := uint32(C.mantisdb_abi_version()); got != C.MANTISDB_ABI_VERSION {
		return nil, fmt.Errorf("%w: %d, this package needs %d: rebuild or reinstall the core",
			ErrABIMismatch, got, C.MANTISDB_ABI_VERSION)
	}
	if c.Dir != "" {
		return nil, refuseDir(c.Dir)
	}
	var (
		db         *C.MantisdbDb
		message    [256]byte
		messageLen C.size_t
	)
	status := C.mantisdb_open(&db, bytesPtr(message[:]), C.size_t(len(message)), &messageLen)
	if status != C.MANTISDB_OK {
		return nil, fmt.Errorf("%w (%s)", errorOf(status), message[:messageLen])
	}
	e := &RustStorageEngine{db: db}
	runtime.AddCleanup(e, func(db *C.MantisdbDb) { C.mantisdb_free(db) }, db)
	return e, nil
}

// refuseDir says why the Rust engine does not open a directory: it would keep
// nothing in it. A directory of another engine is told as such.
func refuseDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		if err := readMarker(dir, EngineRust); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return fmt.Errorf("%w: engine %q keeps data in memory only and would not store anything in %s: leave the directory out, or use engine %q",
		ErrUnsupported, EngineRust, dir, EngineGo)
}

// Name implements Engine.
func (e *RustStorageEngine) Name() string { return EngineRust }

// Stats implements Engine.
func (e *RustStorageEngine) Stats() (Stats, error) {
	var s C.MantisdbStats
	status := C.mantisdb_stats(e.db, &s)
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return Stats{}, errorOf(status)
	}
	return Stats{
		Engine:         EngineRust,
		Keys:           uint64(s.keys),
		MemoryBytes:    uint64(s.memory_bytes),
		AllocatorBytes: uint64(s.allocator_bytes),
		LastVersion:    uint64(s.last_sequence),
		OpenSnapshots:  uint64(s.open_snapshots),
		Gets:           uint64(s.gets),
		GetHits:        uint64(s.get_hits),
		Puts:           uint64(s.puts),
		Deletes:        uint64(s.deletes),
		Batches:        uint64(s.batches),
		Scans:          uint64(s.scans),
		ScanKeys:       uint64(s.scan_keys),
		Expired:        uint64(s.expired),
		Reclaimed:      uint64(s.reclaimed),
	}, nil
}

// Close implements Engine. The data's memory is given back in the background.
func (e *RustStorageEngine) Close() error {
	if e.closed.Swap(true) {
		return nil
	}
	status := C.mantisdb_close(e.db)
	runtime.KeepAlive(e)
	return errorOf(status)
}

// bytesPtr is where b starts; nil for a nil slice.
func bytesPtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }
