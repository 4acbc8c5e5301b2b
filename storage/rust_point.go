//go:build rust

package storage

/*
#include <mantisdb_core.h>
#include <timeslice.h>

#cgo noescape get
#cgo nocallback get
#cgo noescape has
#cgo nocallback has
#cgo noescape mantisdb_multi_get
#cgo nocallback mantisdb_multi_get
#cgo noescape put
#cgo nocallback put
#cgo noescape mantisdb_put_if_absent
#cgo nocallback mantisdb_put_if_absent
#cgo noescape erase
#cgo nocallback erase
#cgo noescape writeBatch
#cgo nocallback writeBatch

// These are the core's functions that are called again and again, at less cost: a handle that
// is an integer is not looked at for Go's pointers, and after a function without a result
// nobody asks for the stack's bounds.

// found is what get and has came to; has leaves meta.
typedef struct {
	MantisdbMeta meta;
	int32_t      status;
	int32_t      slice_over;
} found;

static void get(uintptr_t db, const uint8_t *key, size_t key_len, uint8_t *buffer, size_t capacity, found *f) {
	f->status = mantisdb_get((const MantisdbDb *)db, key, key_len, buffer, capacity, &f->meta);
	f->slice_over = timeslice_is_over();
}

static void has(uintptr_t db, const uint8_t *key, size_t key_len, found *f) {
	f->status = mantisdb_has((const MantisdbDb *)db, key, key_len);
	f->slice_over = timeslice_is_over();
}

// written is what a write came to.
typedef struct {
	uint64_t sequence;
	int32_t  status;
	int32_t  slice_over;
} written;

static void put(uintptr_t db, const uint8_t *key, size_t key_len, const uint8_t *value, size_t value_len,
	uint64_t expires_at, uint32_t durability, written *w) {
	w->status = mantisdb_put((const MantisdbDb *)db, key, key_len, value, value_len, expires_at, durability, &w->sequence);
	w->slice_over = timeslice_is_over();
}

static void erase(uintptr_t db, const uint8_t *key, size_t key_len, uint32_t durability, written *w) {
	w->status = mantisdb_delete((const MantisdbDb *)db, key, key_len, durability, &w->sequence);
	w->slice_over = timeslice_is_over();
}

static void writeBatch(uintptr_t db, const uint8_t *packed, size_t packed_len, uint32_t durability, written *w) {
	w->status = mantisdb_write((const MantisdbDb *)db, packed, packed_len, durability, &w->sequence);
	w->slice_over = timeslice_is_over();
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
		letOthersRun(f.slice_over)
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
	var f C.found
	C.has(e.address, bytesPtr(key), C.size_t(len(key)), &f)
	runtime.KeepAlive(e)
	letOthersRun(f.slice_over)
	switch f.status {
	case C.MANTISDB_OK:
		return true, nil
	case C.MANTISDB_NOT_FOUND:
		return false, nil
	default:
		return false, e.errorOf(f.status)
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
	var w C.written
	version, status := e.turnstile.pass(func() (uint64, C.int32_t) {
		C.put(e.address, bytesPtr(key), C.size_t(len(key)),
			bytesPtr(value), C.size_t(len(value)), C.uint64_t(o.ExpiresAt), C.uint32_t(o.Durability), &w)
		return uint64(w.sequence), w.status
	})
	runtime.KeepAlive(e)
	letOthersRun(w.slice_over)
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
	var w C.written
	version, status := e.turnstile.pass(func() (uint64, C.int32_t) {
		C.erase(e.address, bytesPtr(key), C.size_t(len(key)), C.uint32_t(o.Durability), &w)
		return uint64(w.sequence), w.status
	})
	runtime.KeepAlive(e)
	letOthersRun(w.slice_over)
	return e.written(version, status, o)
}

// Write implements Engine. The batch crosses in the form in which it was built.
func (e *RustStorageEngine) Write(b *Batch, o WriteOptions) (uint64, error) {
	if err := o.CheckBatch(); err != nil {
		return 0, err
	}
	packed := b.Packed()
	var w C.written
	version, status := e.turnstile.pass(func() (uint64, C.int32_t) {
		C.writeBatch(e.address, bytesPtr(packed), C.size_t(len(packed)), C.uint32_t(o.Durability), &w)
		return uint64(w.sequence), w.status
	})
	runtime.KeepAlive(e)
	letOthersRun(w.slice_over)
	return e.written(version, status, o)
}

// letOthersRun has a goroutine that calls the core again and again go to the scheduler, if
// its time slice is over; see timeslice.h.
func letOthersRun(sliceOver C.int32_t) {
	if sliceOver != 0 {
		runtime.Gosched()
	}
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
