package measure

// The groups of systems.
const (
	GroupEmbeddedGo   = "embedded-go"
	GroupEmbeddedRust = "embedded-rust"
	GroupCacheGo      = "cache-go"
	GroupCacheRust    = "cache-rust"
	GroupServer       = "server"
)

// Record is one measured phase: one line of JSON, with the same names in both
// halves. What a phase does not measure is left out.
type Record struct {
	// Group is one of the groups below: systems that are compared with each other.
	Group    string `json:"group"`
	Engine   string `json:"engine"`
	Version  string `json:"version"`
	Language string `json:"language"`
	Settings string `json:"settings"`

	Scenario   string `json:"scenario"`
	Workload   string `json:"workload"`
	Durability string `json:"durability"`
	Threads    int    `json:"threads"`
	Keys       uint64 `json:"keys"`
	ValueBytes int    `json:"value_bytes"`
	Limit      uint64 `json:"memory_limit_bytes"`
	Round      int    `json:"round"`

	Ops       int64   `json:"ops,omitempty"`
	Seconds   float64 `json:"seconds"`
	OpsPerSec float64 `json:"ops_per_second,omitempty"`
	P50       int64   `json:"p50_ns,omitempty"`
	P99       int64   `json:"p99_ns,omitempty"`
	P999      int64   `json:"p999_ns,omitempty"`
	Max       int64   `json:"max_ns,omitempty"`

	// CPUNanos is the processor time an operation, of the system and of the user, of
	// all threads of the process that is measured: of a server, the server's.
	CPUNanos float64 `json:"cpu_ns,omitempty"`
	// GCCPUShare is how much of the processor time Go's collector took, from 0 to 1,
	// and GCPauseMax the longest time for which it stopped the world, from 0 for none.
	GCCPUShare *float64 `json:"gc_cpu_share,omitempty"`
	GCPauseMax *int64   `json:"gc_pause_max_ns,omitempty"`
	// HitRatio is how many of a cache's reads found something, from 0 to 1.
	HitRatio *float64 `json:"hit_ratio,omitempty"`

	// Memory of the process: that of no file and that of mapped files at the
	// phase's end, and the most of the former while it ran.
	AnonBytes     uint64 `json:"rss_anon_bytes"`
	AnonPeakBytes uint64 `json:"rss_anon_peak_bytes"`
	FileBytes     uint64 `json:"rss_file_bytes"`
	// BytesPerKey is by how many bytes of all kinds the memory of a server or cache has
	// grown for each of the keys that it holds.
	BytesPerKey float64 `json:"bytes_per_key,omitempty"`
	// DiskBytes is what the directory takes on disk at the phase's end, and
	// WrittenBytes what the process had the disk write while it ran.
	DiskBytes    uint64 `json:"disk_bytes"`
	WrittenBytes uint64 `json:"written_bytes"`

	// Of the open after a kill: the seconds it took, the bytes of keys and
	// values written before, and how many acknowledged writes were gone.
	OpenSeconds float64 `json:"open_seconds,omitempty"`
	LogBytes    uint64  `json:"log_bytes,omitempty"`
	Lost        *uint64 `json:"lost_writes,omitempty"`
	// Replayed is how many of the writes were read from the log, if the store
	// tells.
	Replayed *uint64 `json:"replayed_writes,omitempty"`
}
