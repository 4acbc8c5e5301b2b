//go:build rust

package cache

/*
#include <mantisdb_core.h>
#include <timeslice.h>

#cgo noescape put
#cgo nocallback put
#cgo noescape mantisdb_cache_put_if_absent
#cgo nocallback mantisdb_cache_put_if_absent
#cgo noescape mantisdb_cache_remove
#cgo nocallback mantisdb_cache_remove
#cgo noescape mantisdb_cache_remove_prefix
#cgo nocallback mantisdb_cache_remove_prefix
#cgo noescape mantisdb_cache_remove_tag
#cgo nocallback mantisdb_cache_remove_tag
#cgo noescape mantisdb_cache_clear
#cgo nocallback mantisdb_cache_clear

// outcome is what a put came to.
typedef struct {
	int32_t status;
	int32_t slice_over;
} outcome;

// put is mantisdb_cache_put, as lookUp is mantisdb_cache_get.
static void put(uintptr_t cache, const uint8_t *key, size_t key_len, const uint8_t *value, size_t value_len, uint64_t ttl,
	const uint8_t *tags, size_t tags_len, const uint32_t *tag_ends, size_t tag_count, outcome *o) {
	o->status = mantisdb_cache_put((const MantisdbCache *)cache, key, key_len, value, value_len, ttl, tags, tags_len, tag_ends, tag_count);
	o->slice_over = timeslice_is_over();
}
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// packedTags are tags back to back, and where each ends.
type packedTags struct {
	bytes []byte
	ends  []uint32
}

var tagsPool = sync.Pool{New: func() any { return new(packedTags) }}

// noTags are those of most entries.
var noTags packedTags

// packTags is to be released after the call.
func packTags(tags []string) *packedTags {
	if len(tags) == 0 {
		return &noTags
	}
	p := tagsPool.Get().(*packedTags)
	p.bytes, p.ends = p.bytes[:0], p.ends[:0]
	for _, tag := range tags {
		p.bytes = append(p.bytes, tag...)
		p.ends = append(p.ends, uint32(len(p.bytes)))
	}
	return p
}

func (p *packedTags) release() {
	if p != &noTags && cap(p.bytes) <= maxPooled {
		tagsPool.Put(p)
	}
}

// lifetime is how many milliseconds an entry has, 0 for ever; it is false if it has none.
func (e *rustEngine) lifetime(o entryOptions) (ttl C.uint64_t, lives bool) {
	if o.expiresAt == 0 {
		return 0, true
	}
	left := o.expiresAt - e.clock.now()
	return C.uint64_t(max(left, 0)), left > 0
}

func (e *rustEngine) set(key, value []byte, o entryOptions) error {
	ttl, lives := e.lifetime(o)
	if !lives {
		_, err := e.delete(key)
		return err
	}
	t := packTags(o.tags)
	var out C.outcome
	C.put(e.address, bytesPtr(key), C.size_t(len(key)),
		bytesPtr(value), C.size_t(len(value)), ttl, bytesPtr(t.bytes), C.size_t(len(t.bytes)),
		(*C.uint32_t)(unsafe.SliceData(t.ends)), C.size_t(len(t.ends)), &out)
	t.release()
	if out.slice_over != 0 {
		runtime.Gosched()
	}
	err := e.done(out.status)
	if err != nil && out.status != C.MANTISDB_OVER_BUDGET {
		_, _ = e.delete(key) // the core keeps what it had, which is older
	}
	return err
}

func (e *rustEngine) setIfAbsent(key, value []byte, o entryOptions) (bool, error) {
	ttl, lives := e.lifetime(o)
	if !lives {
		has, err := e.has(key)
		return !has, err
	}
	t := packTags(o.tags)
	status := C.mantisdb_cache_put_if_absent(e.cache, bytesPtr(key), C.size_t(len(key)),
		bytesPtr(value), C.size_t(len(value)), ttl, bytesPtr(t.bytes), C.size_t(len(t.bytes)),
		(*C.uint32_t)(unsafe.SliceData(t.ends)), C.size_t(len(t.ends)))
	t.release()
	if status == C.MANTISDB_EXISTS {
		runtime.KeepAlive(e)
		return false, nil
	}
	err := e.done(status)
	return err == nil, err
}

func (e *rustEngine) delete(key []byte) (bool, error) {
	status := C.mantisdb_cache_remove(e.cache, bytesPtr(key), C.size_t(len(key)))
	if status == C.MANTISDB_NOT_FOUND {
		runtime.KeepAlive(e)
		return false, nil
	}
	err := e.done(status)
	return err == nil, err
}

func (e *rustEngine) deletePrefix(prefix []byte) (uint64, error) {
	var removed C.uint64_t
	err := e.done(C.mantisdb_cache_remove_prefix(e.cache, bytesPtr(prefix), C.size_t(len(prefix)), &removed))
	return uint64(removed), err
}

func (e *rustEngine) deleteTag(tag string) (uint64, error) {
	var removed C.uint64_t
	start := (*C.uint8_t)(unsafe.StringData(tag))
	err := e.done(C.mantisdb_cache_remove_tag(e.cache, start, C.size_t(len(tag)), &removed))
	return uint64(removed), err
}

func (e *rustEngine) clear() (uint64, error) {
	var removed C.uint64_t
	err := e.done(C.mantisdb_cache_clear(e.cache, &removed))
	return uint64(removed), err
}
