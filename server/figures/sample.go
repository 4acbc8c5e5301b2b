package figures

import (
	"time"
)

// sample is what the history keeps of a moment. What two samples counted differs by what
// was done between them, however far they are apart: so rates are exact, and so are the
// buckets that percentiles are taken of.
type sample struct {
	at          time.Time
	counts      [counters]uint64
	redis, http Latencies
	gauges      gauges
}

// counter is something that a sample counts.
type counter int

const (
	gets counter = iota
	puts
	deletes
	scans
	batches
	redisCommands
	cacheHits
	cacheMisses
	syncs
	syncNanos
	flushes
	flushedBytes
	compactions
	compactedBytes
	stallNanos
	evicted
	expired
	userNanos
	systemNanos
	refusedClients
	backgroundErrors
	counters // how many there are
)

// gauges are what goes up and down.
type gauges struct {
	memory                           MemoryPoint
	disk                             DiskPoint
	logBytes, dirtyBytes, cacheBytes uint64
	clients, httpConnections         int
	openSnapshots                    uint64
}

// sampleOf is what the history keeps of a snapshot.
func sampleOf(f *Snapshot) sample {
	s := sample{at: f.Server.Now, gauges: gaugesOf(f)}
	s.counts = [counters]uint64{
		gets: f.Gets, puts: f.Puts, deletes: f.Deletes + f.RangeDeletes, scans: f.Scans, batches: f.Batches,
		redisCommands: uint64(f.Redis.Traffic.Commands),
		cacheHits:     f.BlockCacheHits, cacheMisses: f.BlockCacheMisses,
		syncs: f.Syncs, syncNanos: f.SyncNanos,
		flushes: f.Flushes, flushedBytes: f.FlushedBytes,
		compactions: f.Compactions, compactedBytes: f.CompactedBytes, stallNanos: f.StallNanos,
		evicted: f.Evicted, expired: f.Expired,
		userNanos: uint64(f.Process.CPU.User), systemNanos: uint64(f.Process.CPU.System),
		refusedClients: uint64(f.Redis.Clients.Refused), backgroundErrors: f.BackgroundErrors,
	}
	for i := range f.Redis.Commands {
		s.redis.merge(&f.Redis.Commands[i].Latencies)
	}
	for i := range f.HTTP.Routes {
		if route := &f.HTTP.Routes[i]; !route.Streams {
			s.http.merge(&route.Latencies)
		}
	}
	return s
}

func gaugesOf(f *Snapshot) gauges {
	return gauges{
		memory: MemoryPoint{
			Used: f.MemoryBytes, Limit: f.MemoryLimit,
			Resident: f.Process.Memory.Resident, Heap: f.Process.Memory.Heap,
		},
		disk:     DiskPoint{Used: f.DiskBytes, Disk: f.Disk},
		logBytes: f.LogBytes, dirtyBytes: f.DirtyBytes, cacheBytes: f.BlockCacheBytes,
		clients: f.Redis.Clients.Connected, httpConnections: f.HTTP.Connections,
		openSnapshots: f.OpenSnapshots,
	}
}

// since is how much a count has grown. One that is smaller than before was reset between,
// by CONFIG RESETSTAT, and is what was counted since then.
func since(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// since are the calls that were counted after an earlier sample.
func (l *Latencies) since(before *Latencies) (between Latencies) {
	for i := range l {
		between[i] = int64(since(uint64(l[i]), uint64(before[i])))
	}
	return between
}

// merge adds the calls of another one.
func (l *Latencies) merge(other *Latencies) {
	for i := range l {
		l[i] += other[i]
	}
}
