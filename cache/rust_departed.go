//go:build rust

package cache

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_cache_take_departed
#cgo nocallback mantisdb_cache_take_departed
*/
import "C"

import (
	"encoding/binary"
	"runtime"
)

// departedLen is the length of the buffer into which records are taken at a time.
const departedLen = 64 << 10

// causes are those of the core's numbers.
var causes = map[uint8]Cause{
	C.MANTISDB_CACHE_EVICTED:     CauseCapacity,
	C.MANTISDB_CACHE_EXPIRED:     CauseExpired,
	C.MANTISDB_CACHE_REPLACED:    CauseReplaced,
	C.MANTISDB_CACHE_REMOVED:     CauseRemoved,
	C.MANTISDB_CACHE_INVALIDATED: CauseInvalidated,
}

// takeEvicted takes what left in as many calls as it needs.
func (e *rustEngine) takeEvicted(tell func(Eviction)) error {
	if e.departed == nil {
		e.departed = make([]byte, departedLen)
	}
	buffer := e.departed
	for {
		var length C.size_t
		status := C.mantisdb_cache_take_departed(e.cache, bytesPtr(buffer), C.size_t(len(buffer)), &length)
		runtime.KeepAlive(e)
		switch {
		case status == C.MANTISDB_SHORT_BUFFER:
			buffer = make([]byte, length) // for a large entry, and not kept
		case status != C.MANTISDB_OK || length == 0:
			return errorOf(status)
		default:
			tellRecords(buffer[:length], tell)
			buffer = e.departed
		}
	}
}

// tellRecords tells of records back to back, as the core lays them out.
func tellRecords(records []byte, tell func(Eviction)) {
	const header = 9
	for len(records) >= header {
		keyLen := int(binary.LittleEndian.Uint32(records[1:]))
		end := header + keyLen + int(binary.LittleEndian.Uint32(records[5:]))
		tell(Eviction{
			Key:   records[header : header+keyLen : header+keyLen],
			Value: records[header+keyLen : end : end],
			Cause: causes[records[0]],
		})
		records = records[end:]
	}
}
