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
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/mantisdb/mantisdb/internal/core"
)

// DefaultEngine is what an empty Config.Engine means in this build.
const DefaultEngine = EngineRust

// RustStorageEngine is the Engine over the lock-free Rust core, EngineRust and
// EngineCache. Its data lives outside Go's heap. Its reads and writes cross into the core by one cgo call
// each, into buffers of the caller's, and allocate nothing themselves. A write
// that is to be on disk then waits in Go, in a groupCommit.
//
// The handle's memory stays valid until the engine is unreachable, so a call
// that races with Close finds it closed and not gone. Every method keeps the
// engine reachable until its cgo call has returned.
type RustStorageEngine struct {
	db        *C.MantisdbDb
	address   C.uintptr_t // the same
	name      string      // EngineRust or EngineCache
	dir       string      // absolute, "" in memory
	level     Durability
	logger    *slog.Logger
	closing   sync.Once
	closed    atomic.Bool
	turnstile turnstile
	commits   groupCommit
	turns     sync.Mutex // see inTurn
	syncs     atomic.Uint64
	syncNanos atomic.Uint64 // of those
	recovery  time.Duration // how long opening took
	watch     backgroundWatch
	changed   bell // rung when a write is visible
}

// checkABI finds a core that speaks another version of the C ABI. Nothing else may be
// called before.
func checkABI() error {
	if linked, wanted := core.ABI(); linked != wanted {
		return fmt.Errorf("%w: %d, this package needs %d: rebuild or reinstall the core", ErrABIMismatch, linked, wanted)
	}
	return nil
}

// openCache opens the Rust engine in memory with a limit: what makes it a cache.
func openCache(c Config) (Engine, error) {
	if c.MemoryLimit == 0 {
		c.MemoryLimit = DefaultCacheLimit
	}
	return openRust(c)
}

// openRust opens the Rust engine.
func openRust(c Config) (Engine, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	e := &RustStorageEngine{name: c.Engine, level: c.Durability, logger: c.Logger}
	if c.Dir != "" {
		if err := checkMarker(c.Dir, EngineRust); err != nil {
			return nil, err
		}
		dir, err := filepath.Abs(c.Dir)
		if err != nil {
			return nil, fmt.Errorf("mantisdb: cannot open the data directory: %w", err)
		}
		e.dir = dir
	}
	began := time.Now()
	if err := e.open(c); err != nil {
		return nil, err
	}
	e.recovery = time.Since(began)
	e.commits.sync = e.syncTo
	e.tellRecovery()
	e.watch.start(e)
	return e, nil
}

// open makes the handle. It is freed when the engine is unreachable.
func (e *RustStorageEngine) open(c Config) error {
	var (
		db         *C.MantisdbDb
		message    [512]byte
		messageLen C.size_t
	)
	options := C.MantisdbOptions{
		memory_limit: C.uint64_t(c.MemoryLimit),
		durability:   C.uint32_t(c.Durability),
		pinned_len:   C.uint64_t(len(c.Pinned)),
	}
	for i, b := range c.Pinned[:min(len(c.Pinned), len(options.pinned))] {
		options.pinned[i] = C.uint8_t(b)
	}
	dir := []byte(e.dir)
	status := C.mantisdb_open(bytesPtr(dir), C.size_t(len(dir)), &options, &db,
		bytesPtr(message[:]), C.size_t(len(message)), &messageLen)
	if status != C.MANTISDB_OK {
		err := errorAt(e.dir, c.Dir, status, message[:min(int(messageLen), len(message))])
		if c.Dir != "" && !errors.Is(err, ErrLocked) {
			err = fmt.Errorf("%w (data directory %s)", err, c.Dir)
		}
		return err
	}
	e.db, e.address = db, C.uintptr_t(uintptr(unsafe.Pointer(db)))
	runtime.AddCleanup(e, func(db *C.MantisdbDb) { C.mantisdb_free(db) }, db)
	return nil
}

// tellRecovery logs what opening found that somebody should know of.
func (e *RustStorageEngine) tellRecovery() {
	if s, err := e.Stats(); err == nil && s.TornBytes > 0 {
		e.logger.Warn("the log ended in the middle of a write, which nobody was told of: it was dropped",
			"torn_bytes", s.TornBytes, "records", s.RecoveredRecords, "data_dir", e.dir)
	}
}

// Name implements Engine.
func (e *RustStorageEngine) Name() string { return e.name }

// Stats implements Engine.
func (e *RustStorageEngine) Stats() (Stats, error) {
	var s C.MantisdbStats
	status := C.mantisdb_stats(e.db, &s)
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return Stats{}, e.errorOf(status)
	}
	stats := Stats{
		Engine:           e.name,
		Keys:             uint64(s.keys),
		KeysEstimated:    s.keys_estimated != 0,
		MemoryBytes:      uint64(s.memory_bytes),
		AllocatorBytes:   uint64(s.allocator_bytes),
		LastVersion:      uint64(s.last_sequence),
		OpenSnapshots:    uint64(s.open_snapshots),
		OldestSnapshot:   uint64(s.oldest_snapshot),
		WritesFailed:     s.writes_failed != 0,
		Gets:             uint64(s.gets),
		GetHits:          uint64(s.get_hits),
		Puts:             uint64(s.puts),
		Deletes:          uint64(s.deletes),
		RangeDeletes:     uint64(s.range_deletes),
		Batches:          uint64(s.batches),
		Scans:            uint64(s.scans),
		ScanKeys:         uint64(s.scan_keys),
		Expired:          uint64(s.expired),
		Reclaimed:        uint64(s.reclaimed),
		Durability:       e.level,
		DiskBytes:        uint64(s.disk_bytes),
		MemoryLimit:      uint64(s.memory_limit),
		DirtyBytes:       uint64(s.dirty_bytes),
		LogBytes:         uint64(s.log_bytes),
		Segments:         uint64(s.segments),
		Syncs:            e.syncs.Load(),
		SyncNanos:        e.syncNanos.Load(),
		Flushes:          uint64(s.flushes),
		FlushedBytes:     uint64(s.flushed_bytes),
		Compactions:      uint64(s.compactions),
		CompactedBytes:   uint64(s.compacted_bytes),
		StallNanos:       uint64(s.stalled_nanos) + uint64(e.turnstile.waited.Load()),
		Evicted:          uint64(s.evicted),
		BlockCacheHits:   uint64(s.block_cache_hits),
		BlockCacheMisses: uint64(s.block_cache_misses),
		BlockCacheBytes:  uint64(s.block_cache_bytes),
		PinnedBytes:      uint64(s.pinned_bytes),
		BackgroundErrors: uint64(s.background_errors),
		RecoveredRecords: uint64(s.recovered_records),
		TornBytes:        uint64(s.torn_bytes),
	}
	if e.dir != "" {
		stats.RecoveryNanos = uint64(e.recovery)
	}
	return stats, nil
}

// Close implements Engine. Writers that wait for the disk are woken by the core,
// which makes durable what is not. The data's memory is given back in the
// background.
//
// After ErrWritesFailed, Close returns that again only if something may be lost
// that was acknowledged without waiting for the disk.
func (e *RustStorageEngine) Close() (err error) {
	e.closing.Do(func() { err = e.close() })
	return err
}

func (e *RustStorageEngine) close() error {
	e.watch.stop(e)
	status := C.mantisdb_close(e.db)
	runtime.KeepAlive(e)
	// Not before: until then the core still answers other calls.
	e.closed.Store(true)
	e.changed.ring()
	return e.errorOf(status)
}

// bytesPtr is where b starts; nil for a nil slice.
func bytesPtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }
