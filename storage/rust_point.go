//go:build rust

package storage

/*
#include <mantisdb_core.h>
#include <timeslice.h>

#cgo noescape get
#cgo nocallback get
#cgo noescape mantisdb_has
#cgo nocallback mantisdb_has
#cgo noescape mantisdb_multi_get
#cgo nocallback mantisdb_multi_get
#cgo noescape put
#cgo nocallback put
#cgo noescape mantisdb_put_if_absent
#cgo nocallback mantisdb_put_if_absent
#cgo noescape mantisdb_delete
#cgo nocallback mantisdb_delete
#cgo noescape mantisdb_write
#cgo nocallback mantisdb_write

// found is what get came to.
typedef struct {
	MantisdbMeta meta;
	int32_t      status;
	int32_t      slice_over;
} found;

// get is mantisdb_get at less cost: a handle that is an integer is not looked at for Go's
// pointers, and after a function without a result nobody asks for the stack's bounds.
static void get(uintptr_t db, const uint8_t *key, size_t key_len, uint8_t *buffer, size_t capacity, found *f) {
	f->status = mantisdb_get((const MantisdbDb *)db, key, key_len, buffer, capacity, &f->meta);
	f->slice_over = timeslice_is_over();
}

// outcome is what a write came to.
typedef struct {
	uint64_t sequence;
	int32_t  status;
	int32_t  slice_over;
} outcome;

// put is mantisdb_put, as get is mantisdb_get.
static void put(uintptr_t db, const uint8_t *key, size_t key_len, const uint8_t *value, size_t value_len,
	uint64_t expires_at, uint32_t durability, outcome *o) {
	o->status = mantisdb_put((const MantisdbDb *)db, key, key_len, value, value_len, expires_at, durability, &o->sequence);
	o->slice_over = timeslice_is_over();
}
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"unsafe"
)

// guessLen is how much room a value is given before its length is known: most
// are read in one call then.
const guessLen = 512

// AppendGet implements Engine.
func (e *RustStorageEngine) AppendGet(dst, key []byte) ([]byte, error) {
	dst, _, err := e.AppendGetMeta(dst, key)
	return dst, err
}

// AppendGetMeta implements Engine.
func (e *RustStorageEngine) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	if err := CheckKey(key); err != nil {
		return dst, Meta{}, err
	}
	if cap(dst)-len(dst) < guessLen {
		return e.appendShort(dst, key)
	}
	return e.appendInto(dst, key)
}

// appendShort reads by way of a buffer on the stack, so that dst grows to what
// is needed and no further.
func (e *RustStorageEngine) appendShort(dst, key []byte) ([]byte, Meta, error) {
	var buffer [guessLen]byte
	value, meta, err := e.appendInto(buffer[:0], key)
	if err != nil {
		return dst, Meta{}, err
	}
	if dst == nil {
		dst = make([]byte, 0, len(value)) // found, so not nil
	}
	return append(dst, value...), meta, nil
}

// appendInto reads straight into dst's free room, which grows until the value
// fits.
func (e *RustStorageEngine) appendInto(dst, key []byte) ([]byte, Meta, error) {
	for {
		room := dst[len(dst):cap(dst)]
		var f C.found
		C.get(e.address, bytesPtr(key), C.size_t(len(key)), bytesPtr(room), C.size_t(len(room)), &f)
		runtime.KeepAlive(e)
		if f.slice_over != 0 {
			runtime.Gosched()
		}
		switch f.status {
		case C.MANTISDB_OK:
			return dst[:len(dst)+int(f.meta.value_len)], metaOf(&f.meta), nil
		case C.MANTISDB_SHORT_BUFFER:
			dst = slices.Grow(dst, int(f.meta.value_len))
		default:
			return dst, Meta{}, e.errorOf(f.status)
		}
	}
}

func metaOf(m *C.MantisdbMeta) Meta {
	return Meta{Version: uint64(m.sequence), ExpiresAt: int64(m.expires_at)}
}

// Has implements Engine.
func (e *RustStorageEngine) Has(key []byte) (bool, error) {
	if err := CheckKey(key); err != nil {
		return false, err
	}
	status := C.mantisdb_has(e.db, bytesPtr(key), C.size_t(len(key)))
	runtime.KeepAlive(e)
	switch status {
	case C.MANTISDB_OK:
		return true, nil
	case C.MANTISDB_NOT_FOUND:
		return false, nil
	default:
		return false, e.errorOf(status)
	}
}

// MultiGet implements Engine. The keys cross packed, in one call.
func (e *RustStorageEngine) MultiGet(keys [][]byte, out *Values) error {
	out.Reset()
	s := &out.scratch
	if err := s.pack(keys); err != nil {
		return err
	}
	for {
		room := out.arena[:cap(out.arena)]
		var total C.size_t
		status := C.mantisdb_multi_get(e.db, bytesPtr(s.keys), C.size_t(len(s.keys)),
			(*C.uint32_t)(unsafe.SliceData(s.ends)), C.size_t(len(keys)),
			bytesPtr(room), C.size_t(len(room)),
			(*C.int64_t)(unsafe.SliceData(s.lengths)), &total)
		runtime.KeepAlive(e)
		switch status {
		case C.MANTISDB_OK:
			if err := out.check(int(total)); err != nil {
				return err
			}
			out.arena = room[:total]
			out.setLengths(s.lengths)
			return nil
		case C.MANTISDB_SHORT_BUFFER:
			if err := out.check(int(total)); err != nil {
				return err
			}
			out.arena = slices.Grow(out.arena, int(total))
		default:
			return e.errorOf(status)
		}
	}
}

// pack lays the keys back to back and makes room for the answers.
func (s *multiGetScratch) pack(keys [][]byte) error {
	s.keys, s.ends = s.keys[:0], s.ends[:0]
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return err
		}
		if len(s.keys)+len(key) > math.MaxUint32 {
			return fmt.Errorf("%w: the keys of a MultiGet take over 4 GiB", ErrBatchTooLarge)
		}
		s.keys = append(s.keys, key...)
		s.ends = append(s.ends, uint32(len(s.keys)))
	}
	s.lengths = slices.Grow(s.lengths[:0], len(keys))[:len(keys)]
	return nil
}

// setLengths makes the results of the values that lie back to back in the
// arena; a length below 0 says that there is none.
func (v *Values) setLengths(lengths []int64) {
	end := 0
	for _, n := range lengths {
		if n < 0 {
			v.AppendMissing()
			continue
		}
		v.spans = append(v.spans, span{end, end + int(n)})
		end += int(n)
	}
}

// Put implements Engine.
func (e *RustStorageEngine) Put(key, value []byte, o WriteOptions) (uint64, error) {
	if err := checkWrite(key, value, o); err != nil {
		return 0, err
	}
	var out C.outcome
	version, status := e.turnstile.pass(func() (uint64, C.int32_t) {
		C.put(e.address, bytesPtr(key), C.size_t(len(key)),
			bytesPtr(value), C.size_t(len(value)), C.uint64_t(o.ExpiresAt), C.uint32_t(o.Durability), &out)
		return uint64(out.sequence), out.status
	})
	runtime.KeepAlive(e)
	if out.slice_over != 0 {
		runtime.Gosched()
	}
	return e.written(version, status, o)
}

// PutIfAbsent implements Engine.
func (e *RustStorageEngine) PutIfAbsent(key, value []byte, o WriteOptions) (uint64, bool, error) {
	if err := checkWrite(key, value, o); err != nil {
		return 0, false, err
	}
	version, status := e.inTurn(func() (uint64, C.int32_t) {
		var sequence C.uint64_t
		status := C.mantisdb_put_if_absent(e.db, bytesPtr(key), C.size_t(len(key)),
			bytesPtr(value), C.size_t(len(value)), C.uint64_t(o.ExpiresAt), C.uint32_t(o.Durability), &sequence)
		return uint64(sequence), status
	})
	runtime.KeepAlive(e)
	if status == C.MANTISDB_EXISTS {
		return 0, false, nil
	}
	version, err := e.written(version, status, o)
	return version, err == nil, err
}

// Delete implements Engine.
func (e *RustStorageEngine) Delete(key []byte, o WriteOptions) (uint64, error) {
	if err := CheckKey(key); err != nil {
		return 0, err
	}
	if err := o.Durability.check(); err != nil {
		return 0, err
	}
	version, status := e.turnstile.pass(func() (uint64, C.int32_t) {
		var sequence C.uint64_t
		status := C.mantisdb_delete(e.db, bytesPtr(key), C.size_t(len(key)), C.uint32_t(o.Durability), &sequence)
		return uint64(sequence), status
	})
	runtime.KeepAlive(e)
	return e.written(version, status, o)
}

// Write implements Engine. The batch crosses in the form in which it was built.
func (e *RustStorageEngine) Write(b *Batch, o WriteOptions) (uint64, error) {
	if err := o.CheckBatch(); err != nil {
		return 0, err
	}
	packed := b.Packed()
	version, status := e.turnstile.pass(func() (uint64, C.int32_t) {
		var sequence C.uint64_t
		status := C.mantisdb_write(e.db, bytesPtr(packed), C.size_t(len(packed)), C.uint32_t(o.Durability), &sequence)
		return uint64(sequence), status
	})
	runtime.KeepAlive(e)
	return e.written(version, status, o)
}

// written is the end of a write that returned from the core.
func (e *RustStorageEngine) written(version uint64, status C.int32_t, o WriteOptions) (uint64, error) {
	if status != C.MANTISDB_OK {
		return 0, e.errorOf(status)
	}
	if err := e.committed(version, o.Durability); err != nil {
		return 0, err
	}
	return version, nil
}
