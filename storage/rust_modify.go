//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_modify
#cgo nocallback mantisdb_modify
*/
import "C"

import (
	"runtime"
	"slices"
)

// Modify implements Engine.
func (e *RustStorageEngine) Modify(dst, key []byte, m Modification, o WriteOptions) ([]byte, Modified, error) {
	if err := m.Check(key, o); err != nil {
		return dst, Modified{}, err
	}
	number := m.By
	if m.Kind == CompareVersion {
		number = int64(m.Version)
	}
	if m.Gives() {
		dst = slices.Grow(dst, guessLen)
	}
	room := dst[len(dst):cap(dst)]
	var modified C.MantisdbModified
	var rest C.MantisdbText
	version, status := e.inTurn(func() (uint64, C.int32_t) {
		status := C.mantisdb_modify(e.db, C.uint32_t(m.Kind), bytesPtr(key), C.size_t(len(key)),
			bytesPtr(m.Value), C.size_t(len(m.Value)), bytesPtr(m.Expected), C.size_t(len(m.Expected)),
			C.int64_t(number), C.uint64_t(o.ExpiresAt), C.uint32_t(o.Durability),
			bytesPtr(room), C.size_t(len(room)), &modified, &rest)
		return uint64(modified.sequence), status
	})
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return dst, Modified{}, e.errorOf(status)
	}
	done := Modified{Version: version, Number: int64(modified.number), Existed: bool(modified.existed)}
	if done.Existed {
		done.Before = metaOf(&modified.before)
	}
	if done.Existed && m.Gives() {
		if rest.len > 0 {
			dst = append(dst, takeText(&rest)...)
		} else {
			dst = dst[:len(dst)+int(modified.before.value_len)]
		}
	}
	if done.Version == 0 {
		return dst, done, nil
	}
	return dst, done, e.committed(version, o.Durability)
}

// inTurn makes a write that judges what is there: it has to wait in the core until
// every earlier write is visible. Many that wait there do so each with a thread of the
// system, for one of the others to be given a processor; and the core judges one
// after the other in any case. So one at a time goes in, and the others are parked
// here. It is not what makes such a write one step: that is the core's.
func (e *RustStorageEngine) inTurn(write func() (uint64, C.int32_t)) (uint64, C.int32_t) {
	e.turns.Lock()
	defer e.turns.Unlock()
	return e.turnstile.pass(write)
}
