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
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"
)

// committed is the end of a write that the core has made visible: it waits for
// the disk if the write's level says so.
func (e *RustStorageEngine) committed(sequence uint64, level Durability) error {
	if e.dir == "" || level.or(e.level) != DurabilitySync {
		return nil
	}
	return e.commits.wait(sequence)
}

// syncTo makes the records up to a sequence durable, 0 for all, and tells up to
// where they are. It blocks.
func (e *RustStorageEngine) syncTo(sequence uint64) (uint64, error) {
	var durable C.uint64_t
	status := C.mantisdb_sync(e.db, C.uint64_t(sequence), &durable)
	runtime.KeepAlive(e)
	e.syncs.Add(1)
	return uint64(durable), e.errorOf(status)
}

// Sync implements Engine.
func (e *RustStorageEngine) Sync() error {
	durable, err := e.syncTo(0)
	e.commits.raise(durable)
	return err
}

// Compact implements Engine.
func (e *RustStorageEngine) Compact() error {
	status := C.mantisdb_compact(e.db)
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

// checkRust verifies a data directory of the Rust engine.
func checkRust(dir string, report io.Writer) error {
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
	if len(found) == 0 {
		found = []byte("no problems found\n")
	}
	if _, err := report.Write(found); err != nil {
		return fmt.Errorf("mantisdb: cannot write the report: %w", err)
	}
	if damages > 0 {
		return fmt.Errorf("%w: %d problems in %s, the first: %s", ErrCorrupt, uint64(damages), dir, firstDamage(found))
	}
	return nil
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

// repairRust salvages a data directory of the Rust engine.
func repairRust(dir, to string, report io.Writer) error {
	name, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("mantisdb: cannot read the data directory: %w", err)
	}
	return newDirectory(to, name, EngineRust, func(temp string) error {
		var text C.MantisdbText
		from, into := []byte(name), []byte(temp)
		status := C.mantisdb_repair(bytesPtr(from), C.size_t(len(from)), bytesPtr(into), C.size_t(len(into)), &text)
		told := takeText(&text)
		if status != C.MANTISDB_OK {
			return errorAt(name, dir, status, told)
		}
		if _, err := report.Write(told); err != nil {
			return fmt.Errorf("mantisdb: cannot write the report: %w", err)
		}
		return nil
	})
}

// takeText copies a text of the core and frees it.
func takeText(text *C.MantisdbText) []byte {
	copied := C.GoBytes(unsafe.Pointer(text.data), C.int(text.len))
	C.mantisdb_text_free(text)
	return copied
}
