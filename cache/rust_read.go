//go:build rust

package cache

/*
#include <mantisdb_core.h>
#include <timeslice.h>

#cgo noescape lookUp
#cgo nocallback lookUp
#cgo noescape mantisdb_cache_has
#cgo nocallback mantisdb_cache_has
#cgo noescape mantisdb_cache_get_many
#cgo nocallback mantisdb_cache_get_many

// found is what a lookup came to.
typedef struct {
	size_t  length;
	int32_t status;
	int32_t slice_over;
} found;

// lookUp is mantisdb_cache_get at less cost: a handle that is an integer is not looked at
// for Go's pointers, and after a function without a result nobody asks for the stack's bounds.
static void lookUp(uintptr_t cache, const uint8_t *key, size_t key_len, uint8_t *buffer, size_t capacity, found *f) {
	f->status = mantisdb_cache_get((const MantisdbCache *)cache, key, key_len, buffer, capacity, &f->length);
	f->slice_over = timeslice_is_over();
}
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"unsafe"

	"github.com/mantisdb/mantisdb/internal/prefetch"
)

const (
	// guessLen is how much room a value is given before its length is known: most are
	// read in one call then.
	guessLen = 512
	// leastRoom is how much room a caller's slice has if it was meant for the value. A
	// longer value costs a second call.
	leastRoom = 64
)

func (e *rustEngine) appendGet(dst, key []byte) ([]byte, error) {
	if cap(dst)-len(dst) < leastRoom {
		return e.appendGuessed(dst, key)
	}
	return e.appendInto(dst, key)
}

// appendGuessed reads by way of a buffer on the stack, so that dst grows to what is needed
// and no further.
func (e *rustEngine) appendGuessed(dst, key []byte) ([]byte, error) {
	var buffer [guessLen]byte
	value, err := e.appendInto(buffer[:0], key)
	if err != nil {
		return dst, err
	}
	if dst == nil {
		dst = make([]byte, 0, len(value))
	}
	return append(dst, value...), nil
}

// appendInto reads straight into dst's free room, which grows until the value fits.
func (e *rustEngine) appendInto(dst, key []byte) ([]byte, error) {
	// The call's way into C takes about as long as a key from memory.
	prefetch.Read(unsafe.Pointer(unsafe.SliceData(key)))
	for {
		room := dst[len(dst):cap(dst)]
		var f C.found
		C.lookUp(e.address, bytesPtr(key), C.size_t(len(key)), bytesPtr(room), C.size_t(len(room)), &f)
		runtime.KeepAlive(e)
		if f.slice_over != 0 {
			runtime.Gosched()
		}
		switch f.status {
		case C.MANTISDB_OK:
			return dst[:len(dst)+int(f.length)], nil
		case C.MANTISDB_SHORT_BUFFER:
			dst = slices.Grow(dst, int(f.length))
		default:
			return dst, errorOf(f.status)
		}
	}
}

func (e *rustEngine) has(key []byte) (bool, error) {
	status := C.mantisdb_cache_has(e.cache, bytesPtr(key), C.size_t(len(key)))
	runtime.KeepAlive(e)
	if status == C.MANTISDB_NOT_FOUND {
		return false, nil
	}
	return status == C.MANTISDB_OK, errorOf(status)
}

// getMany has the keys cross packed, in one call.
func (e *rustEngine) getMany(out *Values, keys [][]byte) error {
	s := &out.scratch
	if err := s.pack(keys); err != nil {
		return err
	}
	for {
		room := out.arena[:cap(out.arena)]
		var total C.size_t
		status := C.mantisdb_cache_get_many(e.cache, bytesPtr(s.keys), C.size_t(len(s.keys)),
			(*C.uint32_t)(unsafe.SliceData(s.ends)), C.size_t(len(keys)),
			bytesPtr(room), C.size_t(len(room)), (*C.int64_t)(unsafe.SliceData(s.lengths)), &total)
		runtime.KeepAlive(e)
		switch status {
		case C.MANTISDB_OK:
			out.arena = room[:total]
			out.setLengths(s.lengths)
			return nil
		case C.MANTISDB_SHORT_BUFFER:
			out.arena = slices.Grow(out.arena, int(total))
		default:
			return errorOf(status)
		}
	}
}

// pack lays the keys back to back and makes room for the answers.
func (s *packedKeys) pack(keys [][]byte) error {
	s.keys, s.ends = s.keys[:0], s.ends[:0]
	for _, key := range keys {
		if len(s.keys)+len(key) > math.MaxUint32 {
			return fmt.Errorf("%w: the keys of a GetMany take over 4 GiB", ErrInvalidOptions)
		}
		s.keys = append(s.keys, key...)
		s.ends = append(s.ends, uint32(len(s.keys)))
	}
	s.lengths = slices.Grow(s.lengths[:0], len(keys))[:len(keys)]
	return nil
}

// setLengths makes the results of the values that lie back to back in the arena; a length
// below 0 says that there is none.
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
