//go:build rust

package cache

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_cache_open
#cgo nocallback mantisdb_cache_open
#cgo noescape mantisdb_cache_close
#cgo nocallback mantisdb_cache_close
#cgo noescape mantisdb_cache_free
#cgo nocallback mantisdb_cache_free
#cgo noescape mantisdb_cache_resize
#cgo nocallback mantisdb_cache_resize
#cgo noescape mantisdb_cache_stats
#cgo nocallback mantisdb_cache_stats
#cgo noescape mantisdb_cache_test_advance
#cgo nocallback mantisdb_cache_test_advance
*/
import "C"

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/mantisdb/mantisdb/internal/core"
)

// DefaultEngine is what an empty Options.Engine means in this build.
const DefaultEngine = EngineRust

// rustEngine is the engine over the lock-free Rust core. Each operation is one call into
// it, with the caller's buffers.
//
// The handle's memory stays valid until the engine is unreachable, so a call that races
// with close finds it closed and not gone. Every method keeps the engine reachable until
// its call has returned.
type rustEngine struct {
	cache    *C.MantisdbCache
	address  C.uintptr_t // the same
	clock    *stepClock
	left     func() // nil: nobody listens
	departed []byte // takeEvicted's buffer
}

func openRust(c config) (engine, error) {
	if linked, wanted := core.ABI(); linked != wanted {
		return nil, fmt.Errorf("%w: %d, this package needs %d: rebuild or reinstall the core", ErrABIMismatch, linked, wanted)
	}
	options := C.MantisdbCacheOptions{budget: C.uint64_t(c.budget)}
	if c.ordered {
		options.ordered = 1
	}
	if c.left != nil {
		options.listen = 1
	}
	var (
		cache      *C.MantisdbCache
		message    [512]byte
		messageLen C.size_t
	)
	status := C.mantisdb_cache_open(&options, &cache, bytesPtr(message[:]), C.size_t(len(message)), &messageLen)
	if status != C.MANTISDB_OK {
		return nil, fmt.Errorf("%w: %s", errorOf(status), message[:messageLen])
	}
	e := &rustEngine{
		cache:   cache,
		address: C.uintptr_t(uintptr(unsafe.Pointer(cache))),
		clock:   c.clock,
		left:    c.left,
	}
	runtime.AddCleanup(e, func(cache *C.MantisdbCache) { C.mantisdb_cache_free(cache) }, cache)
	return e, nil
}

func (e *rustEngine) name() string { return EngineRust }

// done is the end of a call that may have made entries leave.
func (e *rustEngine) done(status C.int32_t) error {
	runtime.KeepAlive(e)
	if e.left != nil {
		e.left()
	}
	return errorOf(status)
}

func (e *rustEngine) resize(budget uint64) error {
	return e.done(C.mantisdb_cache_resize(e.cache, C.uint64_t(budget)))
}

func (e *rustEngine) stats() (Stats, error) {
	var s C.MantisdbCacheStats
	status := C.mantisdb_cache_stats(e.cache, &s)
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return Stats{}, errorOf(status)
	}
	return Stats{
		Engine:       EngineRust,
		Budget:       uint64(s.budget),
		Bytes:        uint64(s.used_bytes),
		DataBytes:    uint64(s.data_bytes),
		RetiredBytes: uint64(s.retired_bytes),
		Entries:      uint64(s.entries),
		Hits:         uint64(s.hits),
		Misses:       uint64(s.misses),
		Sets:         uint64(s.puts),
		Refused:      uint64(s.refused),
		Evicted:      uint64(s.evicted),
		Expired:      uint64(s.expired),
		Replaced:     uint64(s.replaced),
		Removed:      uint64(s.removed),
		Invalidated:  uint64(s.invalidated),
		EvictedAge:   time.Duration(s.evicted_age) * time.Millisecond,
	}, nil
}

func (e *rustEngine) close() error {
	status := C.mantisdb_cache_close(e.cache)
	runtime.KeepAlive(e)
	return errorOf(status)
}

// step moves the core's clock forward, for tests.
func (e *rustEngine) step(d time.Duration) {
	C.mantisdb_cache_test_advance(e.cache, C.uint64_t(milliseconds(d)))
	runtime.KeepAlive(e)
}

// bytesPtr is where b starts; nil for a nil slice.
func bytesPtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }
