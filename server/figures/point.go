package figures

import "time"

// Point is what a server did in a span of time, as rates a second, and what it had at the
// span's end.
type Point struct {
	Time time.Time     `json:"time"`       // the span's end
	Span time.Duration `json:"span_nanos"` // how long it was

	Ops           Operations    `json:"ops"`
	RedisCommands float64       `json:"redis_commands"`
	HTTPRequests  float64       `json:"http_requests"` // without streams
	Latency       LatencyPoint  `json:"latency"`
	Memory        MemoryPoint   `json:"memory"`
	Disk          DiskPoint     `json:"disk"`
	LogBytes      uint64        `json:"log_bytes"`
	DirtyBytes    uint64        `json:"dirty_bytes"`
	Cache         CachePoint    `json:"cache"`
	Clients       int           `json:"clients"`
	HTTP          int           `json:"http_connections"`
	Syncs         float64       `json:"syncs"`
	SyncTime      time.Duration `json:"sync_nanos"` // the mean of a sync; 0 without any

	Flushes        float64 `json:"flushes"`
	FlushedBytes   float64 `json:"flushed_bytes"`
	Compactions    float64 `json:"compactions"`
	CompactedBytes float64 `json:"compacted_bytes"`
	Stall          float64 `json:"stall_nanos"` // of all writers together, so it may exceed a second
	Evicted        float64 `json:"evicted"`
	Expired        float64 `json:"expired"`

	OpenSnapshots uint64   `json:"open_snapshots"`
	CPU           CPUPoint `json:"cpu"`
}

// Operations are those of the database, by their kinds.
type Operations struct {
	Get    float64 `json:"get"`    // keys looked up
	Put    float64 `json:"put"`    // values written, in batches too
	Delete float64 `json:"delete"` // deletions written, of ranges too
	Scan   float64 `json:"scan"`   // begun
	Batch  float64 `json:"batch"`  // applied
}

// LatencyPoint is how long calls took that ended within the span.
type LatencyPoint struct {
	Redis Percentiles `json:"redis"`
	HTTP  Percentiles `json:"http"` // without streams
}

// Percentiles are interpolated within the buckets of Latencies; 0 without calls.
type Percentiles struct {
	P50  time.Duration `json:"p50_nanos"`
	P99  time.Duration `json:"p99_nanos"`
	P999 time.Duration `json:"p999_nanos"`
}

// MemoryPoint is what the engine holds in memory, and what it may, 0 for any amount; and
// of the process what the system sees, and Go's objects.
type MemoryPoint struct {
	Used     uint64 `json:"used_bytes"`
	Limit    uint64 `json:"limit_bytes"`
	Resident uint64 `json:"resident_bytes"`
	Heap     uint64 `json:"heap_bytes"`
}

// DiskPoint is what the data directory's files take, and the room of their file system.
type DiskPoint struct {
	Used uint64 `json:"used_bytes"`
	Disk
}

// CachePoint is about the cache of blocks.
type CachePoint struct {
	Hits   float64 `json:"hits"`
	Misses float64 `json:"misses"`
	Bytes  uint64  `json:"bytes"`
}

// CPUPoint is how many cores the process kept busy, in its own code and in the system's.
type CPUPoint struct {
	User   float64 `json:"user"`
	System float64 `json:"system"`
}

// pointBetween is what was done between two samples.
func pointBetween(before, now *sample) Point {
	d := difference{before, now, now.at.Sub(before.at)}
	g := &now.gauges
	redis, http := now.redis.since(&before.redis), now.http.since(&before.http)
	p := Point{
		Time: now.at.UTC(), Span: d.span,
		Ops:           Operations{d.rate(gets), d.rate(puts), d.rate(deletes), d.rate(scans), d.rate(batches)},
		RedisCommands: d.rate(redisCommands), HTTPRequests: d.perSecond(float64(http.Count())),
		Latency: LatencyPoint{percentilesOf(&redis), percentilesOf(&http)},
		Memory:  g.memory, Disk: g.disk, LogBytes: g.logBytes, DirtyBytes: g.dirtyBytes,
		Cache:   CachePoint{d.rate(cacheHits), d.rate(cacheMisses), g.cacheBytes},
		Clients: g.clients, HTTP: g.httpConnections, OpenSnapshots: g.openSnapshots,
		Syncs: d.rate(syncs), Flushes: d.rate(flushes), FlushedBytes: d.rate(flushedBytes),
		Compactions: d.rate(compactions), CompactedBytes: d.rate(compactedBytes),
		Stall: d.rate(stallNanos), Evicted: d.rate(evicted), Expired: d.rate(expired),
		CPU: CPUPoint{d.rate(userNanos) / 1e9, d.rate(systemNanos) / 1e9},
	}
	if done := d.of(syncs); done > 0 {
		p.SyncTime = time.Duration(d.of(syncNanos) / done)
	}
	return p
}

// difference is what two samples tell together.
type difference struct {
	before, now *sample
	span        time.Duration
}

// of is how much a counter has grown.
func (d difference) of(c counter) uint64 { return since(d.now.counts[c], d.before.counts[c]) }

// rate is how much it has grown in a second.
func (d difference) rate(c counter) float64 { return d.perSecond(float64(d.of(c))) }

func (d difference) perSecond(n float64) float64 {
	if d.span <= 0 {
		return 0
	}
	return n / d.span.Seconds()
}

func percentilesOf(l *Latencies) Percentiles {
	return Percentiles{l.Percentile(50), l.Percentile(99), l.Percentile(99.9)}
}
