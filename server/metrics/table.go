package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// row is a metric without labels.
type row struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	of          func(*figures.Snapshot) float64
}

func gauge(name, help string, of func(*figures.Snapshot) float64) row {
	return row{prometheus.NewDesc("mantisdb_"+name, help, nil, nil), prometheus.GaugeValue, of}
}

func counter(name, help string, of func(*figures.Snapshot) float64) row {
	return row{prometheus.NewDesc("mantisdb_"+name+"_total", help, nil, nil), prometheus.CounterValue, of}
}

// ofDatabase is a figure of the database.
func ofDatabase(of func(*mantisdb.Stats) uint64) func(*figures.Snapshot) float64 {
	return func(f *figures.Snapshot) float64 { return float64(of(&f.Stats)) }
}

// table are the metrics without labels.
var table = []row{
	gauge("keys", "Keys, those of all keyspaces together.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Keys })),
	gauge("memory_bytes", "What the engine's data and indexes hold in memory.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.MemoryBytes })),
	gauge("memory_limit_bytes", "What the engine may hold in memory; 0 is any amount.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.MemoryLimit })),
	gauge("allocator_bytes", "What the engine's allocator holds from the system, outside Go's heap.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.AllocatorBytes })),
	gauge("disk_bytes", "The size of the data directory's files.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.DiskBytes })),
	gauge("disk_free_bytes", "Room of the data directory's file system that is left.", func(f *figures.Snapshot) float64 { return float64(f.Disk.Free) }),
	gauge("disk_total_bytes", "Room of the data directory's file system, used or not.", func(f *figures.Snapshot) float64 { return float64(f.Disk.Total) }),
	gauge("http_connections", "Connections of HTTP.", func(f *figures.Snapshot) float64 { return float64(f.HTTP.Connections) }),
	gauge("dirty_bytes", "What was written since the last flush began.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.DirtyBytes })),
	gauge("log_bytes", "What a recovery would have to read of the log.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.LogBytes })),
	gauge("segments", "Immutable files that hold the data.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Segments })),
	gauge("open_snapshots", "Snapshots that are open.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.OpenSnapshots })),
	gauge("oldest_snapshot", "The version of the oldest snapshot that is open; 0 without any.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.OldestSnapshot })),
	gauge("writes_failed", "1 if nothing is written any more, since the log could not be.", func(f *figures.Snapshot) float64 {
		if f.WritesFailed {
			return 1
		}
		return 0
	}),
	gauge("leaked_snapshots", "Snapshots and transactions that were dropped without being closed.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.LeakedSnapshots })),
	gauge("last_version", "The newest version that reads see.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.LastVersion })),
	gauge("block_cache_bytes", "Decompressed blocks in memory.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BlockCacheBytes })),
	gauge("pinned_bytes", "Filters and indexes that are locked into memory.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.PinnedBytes })),

	gauge("recovery_seconds", "How long the database took to open.", func(f *figures.Snapshot) float64 { return float64(f.RecoveryNanos) / 1e9 }),
	gauge("recovered_records", "Records of the log that were read when the database was opened.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.RecoveredRecords })),
	gauge("torn_log_bytes", "What was dropped of the log's end when the database was opened, since it was never whole.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.TornBytes })),
	gauge("start_time_seconds", "When the server began, in Unix time.", func(f *figures.Snapshot) float64 { return float64(f.Server.Started.UnixMilli()) / 1e3 }),

	counter("gets", "Keys looked up.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Gets })),
	counter("get_hits", "Keys looked up and found.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.GetHits })),
	counter("puts", "Values written.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Puts })),
	counter("deletes", "Deletions of keys.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Deletes })),
	counter("range_deletes", "Deletions of ranges.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.RangeDeletes })),
	counter("batches", "Batches applied.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Batches })),
	counter("scans", "Scans begun.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Scans })),
	counter("scan_keys", "Entries that scans yielded.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.ScanKeys })),
	counter("expired", "Expired entries whose memory was taken back.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Expired })),
	counter("reclaimed", "Deleted entries whose memory was taken back.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Reclaimed })),
	counter("evicted", "Entries that left memory for its limit.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Evicted })),
	counter("syncs", "Syncs of the log that somebody waited for.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Syncs })),
	counter("sync_seconds", "How long those syncs took.", func(f *figures.Snapshot) float64 { return float64(f.SyncNanos) / 1e9 }),
	counter("flushes", "Write buffers written to segments.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Flushes })),
	counter("flushed_bytes", "Bytes of those segments.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.FlushedBytes })),
	counter("compactions", "Compactions done.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Compactions })),
	counter("compacted_bytes", "Bytes that compactions wrote.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.CompactedBytes })),
	counter("background_errors", "Flushes, compactions and the like that failed and are tried again.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BackgroundErrors })),
	counter("block_cache_hits", "Blocks that were found decompressed.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BlockCacheHits })),
	counter("block_cache_misses", "Blocks that had to be decompressed.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BlockCacheMisses })),
	counter("stall_seconds", "How long writers were held up.", func(f *figures.Snapshot) float64 { return float64(f.Stats.StallNanos) / 1e9 }),

	counter("stale_reads_local", "Reads that might be stale, in a cluster, which this node answered from a replica of its own.", func(f *figures.Snapshot) float64 { return float64(f.StaleReads.Local) }),
	counter("stale_reads_passed_on", "Reads that might be stale of which the leader was asked, as this node has no replica that is fresh enough.", func(f *figures.Snapshot) float64 { return float64(f.StaleReads.PassedOn) }),

	gauge("redis_clients", "Connections of the Redis protocol.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Connected) }),
	gauge("redis_blocked_clients", "Connections of the Redis protocol that wait for the end of CLIENT PAUSE.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Blocked) }),
	gauge("redis_max_clients", "Connections of the Redis protocol that are accepted at once.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Most) }),
	gauge("redis_client_bytes", "What connections of the Redis protocol hold in memory, roughly.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Memory) }),
	gauge("redis_channels", "Channels that somebody listens to.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Channels) }),
	gauge("redis_patterns", "Patterns of channels that somebody listens to.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Patterns) }),
	counter("redis_connections", "Connections of the Redis protocol that were accepted.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Accepted) }),
	counter("redis_refused_connections", "Connections of the Redis protocol that were one too many.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Refused) }),
	counter("redis_evicted_clients", "Clients of the Redis protocol that were disconnected, since all took too much memory.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.Evicted) }),
	counter("redis_protocol_errors", "Connections that ended since what they sent made no sense.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Clients.ProtocolErrors) }),
	counter("redis_commands", "Commands executed.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Traffic.Commands) }),
	counter("redis_received_bytes", "Bytes read from connections of the Redis protocol.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Traffic.Received) }),
	counter("redis_sent_bytes", "Bytes written to connections of the Redis protocol.", func(f *figures.Snapshot) float64 { return float64(f.Redis.Traffic.Sent) }),
}
