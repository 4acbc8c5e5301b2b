//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_cache_policies
#cgo nocallback mantisdb_cache_policies
#cgo noescape mantisdb_cache_simulate
#cgo nocallback mantisdb_cache_simulate
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// CachePolicies are the names of the cache's policies that a trace can be replayed
// against. The first is the one that the cache uses. The last, "belady", knows what is
// to come, and is the bound of all others.
func CachePolicies() ([]string, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	var names [1024]byte
	var length C.size_t
	status := C.mantisdb_cache_policies(bytesPtr(names[:]), C.size_t(len(names)), &length)
	if status != C.MANTISDB_OK {
		return nil, fmt.Errorf("mantisdb: the core names %d bytes of policies", length)
	}
	return strings.Fields(string(names[:length])), nil
}

// SimulateCache replays a trace against one of CachePolicies, with a cache for so many
// bytes that is empty at first. It blocks for as long as that takes, some 100 ns a
// request, and may be called by several goroutines at once.
func SimulateCache(policy string, trace CacheTrace, capacity uint64) (CacheHits, error) {
	if err := checkABI(); err != nil {
		return CacheHits{}, err
	}
	if trace.Sizes != nil && len(trace.Sizes) != trace.Keys {
		return CacheHits{}, fmt.Errorf("%w: a trace with %d keys has %d sizes", ErrInvalidOptions, trace.Keys, len(trace.Sizes))
	}
	// The core is told of Go's memory by a struct in Go's memory.
	var pinner runtime.Pinner
	defer pinner.Unpin()
	passed := C.MantisdbCacheTrace{
		requests:      (*C.uint32_t)(pinned(&pinner, trace.Requests)),
		request_count: C.size_t(len(trace.Requests)),
		sizes:         (*C.uint64_t)(pinned(&pinner, trace.Sizes)),
		key_count:     C.size_t(trace.Keys),
	}
	name := []byte(policy)
	var hits C.MantisdbCacheHits
	status := C.mantisdb_cache_simulate(bytesPtr(name), C.size_t(len(name)), &passed, C.uint64_t(capacity), &hits)
	if status != C.MANTISDB_OK {
		return CacheHits{}, fmt.Errorf("%w: cannot replay a trace against %q with %d bytes", errorOf(status), policy, capacity)
	}
	return CacheHits{Requests: uint64(hits.requests), Bytes: uint64(hits.bytes)}, nil
}

// pinned is where s starts, kept there until the pinner lets it go; nil for none.
func pinned[T any](pinner *runtime.Pinner, s []T) *T {
	data := unsafe.SliceData(s)
	if cap(s) > 0 {
		pinner.Pin(data)
	}
	return data
}
