package storage

import (
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// Sizes in bytes. The cache takes memory as it fills; random reads of more than
// fits in it are about half as fast.
const (
	memTableSize    = 64 << 20
	blockCacheSize  = 256 << 20
	diskBlockSize   = 16 << 10 // compresses well
	memoryBlockSize = 4 << 10  // costs little to read in part
	filterBits      = 10       // of a bloom filter, a key: 1% false positives
)

// pebbleFormat is pinned, so that an upgrade of Pebble does not change what is
// on disk unless somebody decides it.
const pebbleFormat = pebble.FormatColumnarBlocks

// pebbleOptions tunes Pebble for the engine, in memory or on disk.
func pebbleOptions(e *GoStorageEngine) *pebble.Options {
	o := &pebble.Options{
		FormatMajorVersion:          pebbleFormat,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: 4,
		CacheSize:                   blockCacheSize,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       1000,
		CompactionConcurrencyRange:  func() (int, int) { return 1, max(1, runtime.GOMAXPROCS(0)/2) },
		Logger:                      pebbleLogger{e},
		EventListener:               pebbleListener(e),
	}
	blockSize := diskBlockSize
	if !e.durable {
		blockSize = memoryBlockSize
	}
	for i := range o.Levels {
		o.Levels[i].BlockSize = blockSize
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBits)
	}
	if !e.durable {
		o.DisableWAL = true
		o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	}
	return o
}
