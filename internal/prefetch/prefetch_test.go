package prefetch_test

import (
	"testing"
	"unsafe"

	"github.com/mantisdb/mantisdb/internal/prefetch"
)

func TestAnyAddressWillDo(t *testing.T) {
	prefetch.Read(nil)
}

func TestWhatIsAskedForStaysOnTheStack(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() {
		var key [16]byte
		prefetch.Read(unsafe.Pointer(&key))
	})
	if allocs != 0 {
		t.Fatalf("%v allocations", allocs)
	}
}
