package storage

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// counters count since Open.
type counters struct {
	gets, getHits   atomic.Uint64
	puts, deletes   atomic.Uint64
	rangeDeletes    atomic.Uint64
	bytes           atomic.Uint64 // of keys and values put
	batches         atomic.Uint64
	scans, scanKeys atomic.Uint64
	expired         atomic.Uint64
}

func (c *counters) countGet(found bool) {
	c.gets.Add(1)
	if found {
		c.getHits.Add(1)
	}
}

// tally is the records written: the deletion of an expired key is one, and that of
// a range.
func (c *counters) tally() tally {
	ranges := c.rangeDeletes.Load()
	return tally{c.puts.Load(), c.deletes.Load() + ranges + c.expired.Load(), ranges, c.bytes.Load()}
}

// Stats implements Engine.
func (e *GoStorageEngine) Stats() (s Stats, err error) {
	if err := e.enter(); err != nil {
		return Stats{}, err
	}
	defer e.leave(&err)
	held, err := e.contents()
	if err != nil {
		return Stats{}, err
	}
	keys, estimated, err := e.liveKeys(held)
	if err != nil {
		return Stats{}, err
	}
	m := e.db.Metrics()
	s = Stats{
		Engine:        EngineGo,
		Keys:          keys,
		KeysEstimated: estimated,
		MemoryBytes:   memoryBytes(m),
		LastVersion:   e.visibleVersion(),
		Gets:          e.counters.gets.Load(),
		GetHits:       e.counters.getHits.Load(),
		Puts:          e.counters.puts.Load(),
		Deletes:       e.counters.deletes.Load(),
		RangeDeletes:  e.counters.rangeDeletes.Load(),
		Batches:       e.counters.batches.Load(),
		Scans:         e.counters.scans.Load(),
		ScanKeys:      e.counters.scanKeys.Load(),
		Expired:       e.counters.expired.Load(),
		Reclaimed:     e.reclaimedDeletions(held),
		Durability:    e.level,
		MemoryLimit:   e.limit,
	}
	s.OpenSnapshots, s.OldestSnapshot = e.views.openSnapshots()
	if e.durable {
		e.addDiskStats(&s, m, held)
	} else {
		s.Durability = DurabilityMemory
		s.MemoryBytes += m.DiskSpaceUsage() // the files are in memory
	}
	return s, nil
}

// addDiskStats adds what is told of a data directory alone. Pebble does not tell
// of a torn end of the log.
func (e *GoStorageEngine) addDiskStats(s *Stats, m *pebble.Metrics, held contents) {
	s.DiskBytes = m.DiskSpaceUsage()
	s.DirtyBytes = held.memtables.bytes
	s.LogBytes = m.WAL.Size
	s.Syncs = e.disk.log.waitedFor.Load()
	s.SyncNanos = e.disk.log.waitedNanos.Load()
	s.Flushes = uint64(m.Flush.Count)
	s.Compactions = uint64(m.Compact.Count)
	for i := range m.Levels {
		level := &m.Levels[i]
		s.Segments += uint64(level.TablesCount)
		s.FlushedBytes += level.TableBytesFlushed
		s.CompactedBytes += level.TableBytesCompacted
	}
	s.BlockCacheHits = uint64(m.BlockCache.Hits)
	s.BlockCacheMisses = uint64(m.BlockCache.Misses)
	s.BlockCacheBytes = uint64(m.BlockCache.Size)
	s.StallNanos = uint64(e.stalls.sum())
	s.BackgroundErrors = e.backgroundErrors.Load()
	s.RecoveryNanos = uint64(e.recovery)
}

// memoryBytes is what Pebble holds for memtables and cached blocks.
func memoryBytes(m *pebble.Metrics) uint64 {
	return m.MemTable.Size + m.MemTable.ZombieSize + uint64(m.BlockCache.Size) + uint64(m.FileCache.Size)
}

// visibleVersion is the newest version that reads see.
func (e *GoStorageEngine) visibleVersion() uint64 {
	e.commits.Lock()
	defer e.commits.Unlock()
	return e.versions.last.Load()
}
