package consensus

import (
	"runtime"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// TestMemoryOfAnEntry: what is proposed by itself takes little memory, so that entrySliceSize is the
// number that the library goes by.
func TestMemoryOfAnEntry(t *testing.T) {
	const entries, most = 500, 20 << 10 // a slice of 512 entries has 40 KB
	h, address := openHost(t)
	g, r := leadAlone(t, h, address, 0)
	term, err := r.Lead(t.Context(), g, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer term.Resign()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range entries {
		if _, err := term.Put([]byte("key"), []byte("value"), storage.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / entries; each > most {
		t.Errorf("an entry took %d bytes of memory, more than %d", each, most)
	}
}
