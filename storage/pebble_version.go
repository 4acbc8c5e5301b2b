package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// versionBlock is how many versions are reserved at a time: the most that are
// skipped when a process dies.
const versionBlock = 1 << 20

// versionCeilingKey holds the greatest version that may have been used.
var versionCeilingKey = append([]byte{metaSpace}, "version-ceiling"...)

// versionSource hands out the versions of one store, which grow also across
// restarts. A durable store keeps a ceiling: no version above it is used before
// a higher one is in the log. That record needs no sync of its own, because the
// log is durable up to a point: if a write with a version under the new ceiling
// survives, so does the ceiling, which is earlier in the log.
type versionSource struct {
	last    atomic.Uint64
	ceiling atomic.Uint64
	mu      sync.Mutex // held to raise the ceiling
}

func (v *versionSource) open(db *pebble.DB, durable bool) error {
	if !durable {
		v.ceiling.Store(math.MaxUint64)
		return nil
	}
	record, closer, err := db.Get(versionCeilingKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer closer.Close()
	if len(record) != 8 {
		return fmt.Errorf("%w: the version ceiling has %d bytes, not 8", ErrCorrupt, len(record))
	}
	ceiling := binary.LittleEndian.Uint64(record)
	v.last.Store(ceiling)
	v.ceiling.Store(ceiling)
	return nil
}

// next reserves n versions in a row and returns the first.
func (v *versionSource) next(db *pebble.DB, n int) (first uint64, err error) {
	last := v.last.Add(uint64(n))
	if last > v.ceiling.Load() {
		if err := v.raise(db, last); err != nil {
			return 0, err
		}
	}
	return last - uint64(n) + 1, nil
}

// raise lifts the ceiling above last, unless another writer just did.
func (v *versionSource) raise(db *pebble.DB, last uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if last <= v.ceiling.Load() {
		return nil
	}
	return v.store(db, last+versionBlock, pebble.NoSync)
}

func (v *versionSource) store(db *pebble.DB, ceiling uint64, o *pebble.WriteOptions) error {
	record := binary.LittleEndian.AppendUint64(nil, ceiling)
	if err := db.Set(versionCeilingKey, record, o); err != nil {
		return err
	}
	v.ceiling.Store(ceiling)
	return nil
}

// close gives back what was reserved and not used.
func (v *versionSource) close(db *pebble.DB) error {
	if last := v.last.Load(); v.ceiling.Load() != math.MaxUint64 && v.ceiling.Load() != last {
		return v.store(db, last, pebble.Sync)
	}
	return nil
}
