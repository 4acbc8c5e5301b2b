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
	memTables       = 4 // before writers have to wait
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
	sizes := divideMemory(e.limit)
	o := &pebble.Options{
		FormatMajorVersion:          pebbleFormat,
		MemTableSize:                sizes.memTable,
		MemTableStopWritesThreshold: memTables,
		CacheSize:                   sizes.cache,
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

// memorySizes is what of the memory goes where, in bytes.
type memorySizes struct {
	memTable uint64 // each of them
	cache    int64
}

// divideMemory divides a limit, 0 for none: at most a quarter goes to all
// memtables, half to the cache of blocks, which has indexes and filters too. The
// rest is for what is in no budget of Pebble's: blocks and buffers in use by
// reads, flushes and compactions.
func divideMemory(limit uint64) memorySizes {
	if limit == 0 {
		return memorySizes{memTableSize, blockCacheSize}
	}
	return memorySizes{min(limit/4/memTables, memTableSize), int64(limit / 2)}
}
