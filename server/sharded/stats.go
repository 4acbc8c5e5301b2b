package sharded

import "github.com/mantisdb/mantisdb"

// addStats adds the figures of a shard to those of others.
func addStats(all, one *mantisdb.Stats) {
	all.Engine, all.Durability = one.Engine, one.Durability
	all.KeysEstimated = all.KeysEstimated || one.KeysEstimated
	all.WritesFailed = all.WritesFailed || one.WritesFailed
	all.AllocatorBytes = max(all.AllocatorBytes, one.AllocatorBytes) // of the process
	all.LastVersion = max(all.LastVersion, one.LastVersion)
	if one.OldestSnapshot != 0 && (all.OldestSnapshot == 0 || one.OldestSnapshot < all.OldestSnapshot) {
		all.OldestSnapshot = one.OldestSnapshot
	}
	to, from := sums(all), sums(one)
	for i := range to {
		*to[i] += *from[i]
	}
}

// sums are the figures of which those of several databases add up.
func sums(s *mantisdb.Stats) []*uint64 {
	return []*uint64{
		&s.Keys, &s.MemoryBytes, &s.DiskBytes, &s.MemoryLimit, &s.DirtyBytes, &s.LogBytes, &s.Segments,
		&s.OpenSnapshots, &s.LeakedSnapshots,
		&s.Gets, &s.GetHits, &s.Puts, &s.Deletes, &s.RangeDeletes, &s.Batches, &s.Scans, &s.ScanKeys,
		&s.Expired, &s.Reclaimed,
		&s.Syncs, &s.SyncNanos, &s.Flushes, &s.FlushedBytes, &s.Compactions, &s.CompactedBytes, &s.StallNanos,
		&s.Evicted, &s.BlockCacheHits, &s.BlockCacheMisses, &s.BlockCacheBytes, &s.PinnedBytes,
		&s.BackgroundErrors, &s.RecoveredRecords, &s.RecoveryNanos, &s.TornBytes,
	}
}
