package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/redis"
)

// row is a metric without labels.
type row struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	of          func(*redis.Figures) float64
}

func gauge(name, help string, of func(*redis.Figures) float64) row {
	return row{prometheus.NewDesc("mantisdb_"+name, help, nil, nil), prometheus.GaugeValue, of}
}

func counter(name, help string, of func(*redis.Figures) float64) row {
	return row{prometheus.NewDesc("mantisdb_"+name+"_total", help, nil, nil), prometheus.CounterValue, of}
}

// ofDatabase is a figure of the database.
func ofDatabase(of func(*mantisdb.Stats) uint64) func(*redis.Figures) float64 {
	return func(f *redis.Figures) float64 { return float64(of(&f.Database)) }
}

// table are the metrics without labels.
var table = []row{
	gauge("keys", "Keys, those of all keyspaces together.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Keys })),
	gauge("memory_bytes", "What the engine's data and indexes hold in memory.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.MemoryBytes })),
	gauge("memory_limit_bytes", "What the engine may hold in memory; 0 is any amount.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.MemoryLimit })),
	gauge("allocator_bytes", "What the engine's allocator holds from the system, outside Go's heap.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.AllocatorBytes })),
	gauge("disk_bytes", "The size of the data directory's files.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.DiskBytes })),
	gauge("dirty_bytes", "What was written since the last flush began.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.DirtyBytes })),
	gauge("log_bytes", "What a recovery would have to read of the log.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.LogBytes })),
	gauge("segments", "Immutable files that hold the data.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Segments })),
	gauge("open_snapshots", "Snapshots that are open.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.OpenSnapshots })),
	gauge("block_cache_bytes", "Decompressed blocks in memory.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BlockCacheBytes })),
	gauge("pinned_bytes", "Filters and indexes that are locked into memory.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.PinnedBytes })),

	counter("gets", "Keys looked up.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Gets })),
	counter("get_hits", "Keys looked up and found.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.GetHits })),
	counter("puts", "Values written.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Puts })),
	counter("deletes", "Deletions of keys.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Deletes })),
	counter("range_deletes", "Deletions of ranges.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.RangeDeletes })),
	counter("batches", "Batches applied.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Batches })),
	counter("scans", "Scans begun.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Scans })),
	counter("scan_keys", "Entries that scans yielded.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.ScanKeys })),
	counter("expired", "Expired entries whose memory was taken back.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Expired })),
	counter("evicted", "Entries that left memory for its limit.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Evicted })),
	counter("syncs", "Syncs of the log that somebody waited for.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Syncs })),
	counter("flushes", "Write buffers written to segments.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Flushes })),
	counter("flushed_bytes", "Bytes of those segments.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.FlushedBytes })),
	counter("compactions", "Compactions done.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.Compactions })),
	counter("compacted_bytes", "Bytes that compactions wrote.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.CompactedBytes })),
	counter("background_errors", "Flushes, compactions and the like that failed and are tried again.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BackgroundErrors })),
	counter("block_cache_hits", "Blocks that were found decompressed.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BlockCacheHits })),
	counter("block_cache_misses", "Blocks that had to be decompressed.", ofDatabase(func(s *mantisdb.Stats) uint64 { return s.BlockCacheMisses })),
	counter("stall_seconds", "How long writers were held up.", func(f *redis.Figures) float64 { return float64(f.Database.StallNanos) / 1e9 }),

	gauge("redis_clients", "Connections of the Redis protocol.", func(f *redis.Figures) float64 { return float64(f.Clients.Connected) }),
	gauge("redis_max_clients", "Connections of the Redis protocol that are accepted at once.", func(f *redis.Figures) float64 { return float64(f.Clients.Most) }),
	gauge("redis_client_bytes", "What connections of the Redis protocol hold in memory, roughly.", func(f *redis.Figures) float64 { return float64(f.Clients.Memory) }),
	gauge("redis_channels", "Channels that somebody listens to.", func(f *redis.Figures) float64 { return float64(f.Channels) }),
	gauge("redis_patterns", "Patterns of channels that somebody listens to.", func(f *redis.Figures) float64 { return float64(f.Patterns) }),
	counter("redis_connections", "Connections of the Redis protocol that were accepted.", func(f *redis.Figures) float64 { return float64(f.Clients.Accepted) }),
	counter("redis_refused_connections", "Connections of the Redis protocol that were one too many.", func(f *redis.Figures) float64 { return float64(f.Clients.Refused) }),
	counter("redis_protocol_errors", "Connections that ended since what they sent made no sense.", func(f *redis.Figures) float64 { return float64(f.Clients.ProtocolErrors) }),
	counter("redis_commands", "Commands executed.", func(f *redis.Figures) float64 { return float64(f.Traffic.Commands) }),
	counter("redis_received_bytes", "Bytes read from connections of the Redis protocol.", func(f *redis.Figures) float64 { return float64(f.Traffic.Received) }),
	counter("redis_sent_bytes", "Bytes written to connections of the Redis protocol.", func(f *redis.Figures) float64 { return float64(f.Traffic.Sent) }),
}
