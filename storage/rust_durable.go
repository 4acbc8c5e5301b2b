//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_sync
#cgo nocallback mantisdb_sync
#cgo noescape mantisdb_compact
#cgo nocallback mantisdb_compact
#cgo noescape mantisdb_checkpoint
#cgo nocallback mantisdb_checkpoint
#cgo noescape mantisdb_check
#cgo nocallback mantisdb_check
#cgo noescape mantisdb_repair
#cgo nocallback mantisdb_repair
#cgo noescape mantisdb_text_free
#cgo nocallback mantisdb_text_free
*/
import "C"

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unsafe"
)

// committed is the end of a write that the core has made visible: it wakes those who
// watch, and waits for the disk if the write's level says so.
func (e *RustStorageEngine) committed(sequence uint64, level Durability) error {
	e.changed.ring()
	if e.dir == "" || level.or(e.level) != DurabilitySync {
		return nil
	}
	return e.commits.wait(sequence)
}

// syncTo makes the records up to a sequence durable, up to the newest if it is beyond that,
// and for 0 also what has no record, and tells up to where they are. It blocks.
func (e *RustStorageEngine) syncTo(sequence uint64) (uint64, error) {
	var durable C.uint64_t
	began := time.Now()
	status := C.mantisdb_sync(e.db, C.uint64_t(sequence), &durable)
	runtime.KeepAlive(e)
	e.syncNanos.Add(uint64(time.Since(began)))
	e.syncs.Add(1)
	return uint64(durable), e.errorOf(status)
}

// Sync implements Engine.
func (e *RustStorageEngine) Sync() error {
	durable, err := e.syncTo(0)
	e.commits.raise(durable)
	return err
}

// SyncLog implements Engine.
func (e *RustStorageEngine) SyncLog() error {
	durable, err := e.syncTo(math.MaxUint64)
	e.commits.raise(durable)
	return err
}

// Compact implements Engine.
func (e *RustStorageEngine) Compact() error {
	status := C.mantisdb_compact(e.db)
	runtime.KeepAlive(e)
	return e.errorOf(status)
}

// compressionRules are the numbers of the C ABI.
var compressionRules = [...]C.uint32_t{
	CompressionDefault: C.MANTISDB_COMPRESSION_AS_OTHERS,
	CompressionNone:    C.MANTISDB_COMPRESSION_NONE,
	CompressionLZ4:     C.MANTISDB_COMPRESSION_LZ4,
	CompressionZstd:    C.MANTISDB_COMPRESSION_ZSTD,
}

// SetCompression implements Engine.
func (e *RustStorageEngine) SetCompression(prefix []byte, c Compression) error {
	if err := c.Check(); err != nil {
		return err
	}
	status := C.mantisdb_set_compression(e.db, bytesPtr(prefix), C.size_t(len(prefix)), compressionRules[c])
	runtime.KeepAlive(e)
	return e.errorOf(status)
}

// Checkpoint implements Engine.
func (e *RustStorageEngine) Checkpoint(dir string) error {
	if e.closed.Load() {
		return ErrClosed
	}
	if e.dir == "" {
		return fmt.Errorf("%w: a checkpoint of a store in memory; make a backup", ErrUnsupported)
	}
	return newDirectory(dir, e.dir, EngineRust, func(temp string) error {
		name := []byte(temp)
		status := C.mantisdb_checkpoint(e.db, bytesPtr(name), C.size_t(len(name)))
		runtime.KeepAlive(e)
		return e.errorOf(status)
	})
}

// checkRust verifies a data directory of the Rust engine. marker is what is wrong
// with its marker, nil if nothing.
func checkRust(dir string, marker error, report io.Writer) error {
	name, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("mantisdb: cannot read the data directory: %w", err)
	}
	var (
		text    C.MantisdbText
		damages C.uint64_t
		from    = []byte(name)
	)
	status := C.mantisdb_check(bytesPtr(from), C.size_t(len(from)), &text, &damages)
	found := takeText(&text)
	if status != C.MANTISDB_OK {
		return errorAt(name, dir, status, found)
	}
	if marker != nil {
		damages++
		found = append(markerDamage(name, marker), found...)
	}
	if len(found) == 0 {
		found = []byte("no problems found\n")
	}
	if _, err := report.Write(found); err != nil {
		return fmt.Errorf("mantisdb: cannot write the report: %w", err)
	}
	if damages > 0 {
		return fmt.Errorf("%w: %s in %s, the first: %s", ErrCorrupt, counted(uint64(damages), "problem"), dir, firstDamage(found))
	}
	return nil
}

// markerDamage is a line of a report about the marker, as the core writes them.
func markerDamage(dir string, marker error) []byte {
	return fmt.Appendf(nil, "damage: %s at byte 0: %v\n", filepath.Join(dir, markerName), marker)
}

// firstDamage is the first line of a report that tells of damage.
func firstDamage(report []byte) string {
	for line := range strings.Lines(string(report)) {
		if damage, ok := strings.CutPrefix(line, "damage: "); ok {
			return strings.TrimSpace(damage)
		}
	}
	return ""
}

// repairRust salvages a data directory of the Rust engine. marker is what is wrong
// with its marker, nil if nothing.
func repairRust(dir, to string, marker error, report io.Writer) error {
	name, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("mantisdb: cannot read the data directory: %w", err)
	}
	var saved C.MantisdbSalvage
	err = newDirectory(to, name, EngineRust, func(temp string) error {
		var text C.MantisdbText
		from, into := []byte(name), []byte(temp)
		status := C.mantisdb_repair(bytesPtr(from), C.size_t(len(from)), bytesPtr(into), C.size_t(len(into)), &text, &saved)
		told := takeText(&text)
		if status != C.MANTISDB_OK {
			return errorAt(name, dir, status, told)
		}
		if marker != nil {
			told = fmt.Appendf(told, "the marker does not count, since the files are those of engine %q: %v\n", EngineRust, marker)
		}
		if _, err := report.Write(told); err != nil {
			return fmt.Errorf("mantisdb: cannot write the report: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return lossOf(to, &saved)
}

// lossOf is ErrLost, with the counts, if a repair into a directory lost anything.
func lossOf(dir string, saved *C.MantisdbSalvage) error {
	if saved.lost_versions == 0 && saved.lost_parts == 0 && saved.lost_bytes == 0 && saved.lost_files == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s has what could be read; not found: %s, %s with %s, and %s", ErrLost, dir,
		counted(uint64(saved.lost_versions), "version"), counted(uint64(saved.lost_parts), "damaged part"),
		counted(uint64(saved.lost_bytes), "byte"), counted(uint64(saved.lost_files), "file"))
}

// takeText copies a text of the core and frees it.
func takeText(text *C.MantisdbText) []byte {
	copied := C.GoBytes(unsafe.Pointer(text.data), C.int(text.len))
	C.mantisdb_text_free(text)
	return copied
}
