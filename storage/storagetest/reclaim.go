package storagetest

import (
	"fmt"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var reclaimTests = []test{
	{"DeletedAreReclaimed", testDeletedReclaimed},
	{"OverwrittenAreReclaimed", testOverwrittenReclaimed},
}

// testDeletedReclaimed deletes what would be most of the store, and waits until
// the engine has given it up without being asked.
func testDeletedReclaimed(t *testing.T, b *bench) {
	e := b.engine(t)
	n, size := 2000, 32<<10
	if light() {
		n, size = 400, 16<<10
	}
	value := filler(size, 1)
	for from := 0; from < n; from += 100 {
		var batch storage.Batch
		for i := from; i < from+100; i++ {
			ok(t, batch.Put(fmt.Appendf(nil, "key-%06d", i), value, 0))
		}
		write(t, e, &batch)
	}
	held := stats(t, e)
	if held.MemoryBytes+held.DiskBytes < uint64(n*size/4) { // it may compress
		t.Fatalf("%d bytes of values are held in %d bytes of memory and %d of disk", n*size, held.MemoryBytes, held.DiskBytes)
	}
	var batch storage.Batch
	for i := range n {
		ok(t, batch.Delete(fmt.Appendf(nil, "key-%06d", i)))
	}
	write(t, e, &batch)
	eventually(t, "deleted entries are reclaimed", func() bool { return stats(t, e).Reclaimed >= uint64(n*9/10) })
	if got := stats(t, e).Reclaimed; got > uint64(n) {
		t.Fatalf("%d deleted entries are reclaimed, but only %d were deleted", got, n)
	}
	if got := collectNow(t, e, storage.Range{}); len(got) != 0 {
		t.Fatalf("%d entries are left", len(got))
	}
	put(t, e, "key-000001", "again")
	wantValue(t, e, "key-000001", "again")
}

// testOverwrittenReclaimed overwrites the same keys many times: what the engine
// holds must depend on what is live, not on what was ever written.
func testOverwrittenReclaimed(t *testing.T, b *bench) {
	e := b.engine(t)
	const keys, size = 64, 256 << 10
	rounds := 64
	if light() {
		rounds = 4
	}
	for round := range rounds {
		var batch storage.Batch
		value := filler(size, uint64(round))
		for k := range keys {
			ok(t, batch.Put(fmt.Appendf(nil, "key-%d", k), value, 0))
		}
		write(t, e, &batch)
	}
	written := uint64(rounds * keys * size)
	if !light() {
		eventually(t, "overwritten values are reclaimed", func() bool {
			s := stats(t, e)
			return s.MemoryBytes+s.DiskBytes < written/2
		})
	}
	for k := range keys {
		wantValueOnce(t, e, fmt.Sprintf("key-%d", k), string(filler(size, uint64(rounds-1))))
	}
}
