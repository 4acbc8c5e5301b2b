package storage

import (
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// expiryProperty names the property by which Pebble knows, of each block and
// table, the interval of its values' expiries. A sweep skips what holds none.
const expiryProperty = "mantisdb.expiry"

func newExpiryCollector() pebble.BlockPropertyCollector {
	return sstable.NewBlockIntervalCollector(expiryProperty, expiryMapper{}, nil)
}

// expiryFilter selects the blocks that hold any value with an expiry.
func expiryFilter() pebble.BlockPropertyFilter {
	return sstable.NewBlockIntervalFilter(expiryProperty, 1, math.MaxUint64, nil)
}

// expiryMapper maps a record to its expiry.
type expiryMapper struct{}

// MapPointKey implements sstable.IntervalMapper.
func (expiryMapper) MapPointKey(key sstable.InternalKey, record []byte) (sstable.BlockInterval, error) {
	if key.Kind() != pebble.InternalKeyKindSet || len(key.UserKey) == 0 || key.UserKey[0] != userSpace {
		return sstable.BlockInterval{}, nil
	}
	_, m, err := parseRecord(record)
	if err != nil || m.ExpiresAt == 0 {
		return sstable.BlockInterval{}, err
	}
	return sstable.BlockInterval{Lower: uint64(m.ExpiresAt), Upper: uint64(m.ExpiresAt) + 1}, nil
}

// MapRangeKeys implements sstable.IntervalMapper.
func (expiryMapper) MapRangeKeys(sstable.Span) (sstable.BlockInterval, error) {
	return sstable.BlockInterval{}, nil
}
