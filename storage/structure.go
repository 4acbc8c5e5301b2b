package storage

import "time"

// Structure is what an engine is made of at one moment: for people to look at. What an
// engine does not know is 0 or empty.
type Structure struct {
	Engine string `json:"engine"`
	// Memtables are what is in memory. The Rust engine has one, in which what was flushed
	// stays as long as there is room; what a flush has taken of it is told as a second one.
	Memtables []Memtable `json:"memtables"`
	Log       Log        `json:"log"`
	// Levels are all there are, from level 0 on; none for the Rust engine in memory.
	Levels []Level `json:"levels"`
	// SegmentsLeftOut is how many segments are not listed, since there are more than were
	// asked for.
	SegmentsLeftOut uint64 `json:"segments_left_out"`
	// Compactions are the flushes and compactions that run.
	Compactions []Compaction `json:"compactions"`
	Cache       BlockCache   `json:"cache"`
}

// States of memtables and of files of the log.
const (
	StateActive   = "active"   // it is written to
	StateFlushing = "flushing" // it is being written to segments
	StateWaiting  = "waiting"  // for a flush of what it holds
	StateSpare    = "spare"    // it holds nothing, and is kept for later
)

// Memtable is entries in memory.
type Memtable struct {
	State      string `json:"state"`       // StateActive or StateFlushing
	Entries    uint64 `json:"entries"`     // the Go engine does not tell
	Bytes      uint64 `json:"bytes"`       // indexes included
	DirtyBytes uint64 `json:"dirty_bytes"` // of what is in no segment yet
}

// Log is the log's files.
type Log struct {
	Files []LogFile `json:"files"` // the oldest first, spare ones last
	Bytes uint64    `json:"bytes"` // what a recovery would have to read
}

// LogFile is a file of the log.
type LogFile struct {
	Number    uint64 `json:"number"`     // that its name has; of a spare one perhaps a former one
	State     string `json:"state"`      // StateActive, StateWaiting or StateSpare
	Bytes     uint64 `json:"bytes"`      // of what it holds; the Go engine tells its length
	FileBytes uint64 `json:"file_bytes"` // its length
}

// Level is a level of segments. Those of level 0 may overlap, the newest is the first; those
// of others are in the order of their keys.
type Level struct {
	Level int `json:"level"`
	// Bytes, Entries and SegmentCount are of all its segments, listed or not.
	Bytes        uint64 `json:"bytes"`
	Entries      uint64 `json:"entries"`
	SegmentCount uint64 `json:"segment_count"`
	// TargetBytes is how large it may become before it is compacted; 0 if its size does not
	// matter, or the engine does not tell.
	TargetBytes uint64    `json:"target_bytes"`
	Segments    []Segment `json:"segments"`
}

// Segment is an immutable file of sorted entries.
type Segment struct {
	ID         uint64 `json:"id"` // that its name has
	Bytes      uint64 `json:"bytes"`
	RawBytes   uint64 `json:"raw_bytes"` // of keys and values, before they were compressed; the Go engine does not tell
	Entries    uint64 `json:"entries"`   // values and tombstones
	Tombstones uint64 `json:"tombstones"`
	// Smallest and Largest are the first 64 bytes at most of its first and its last key, as
	// the engine has them.
	Smallest []byte `json:"smallest"`
	Largest  []byte `json:"largest"`
	Busy     bool   `json:"busy"` // it is being compacted
}

// Kinds of Compaction.
const (
	KindFlush      = "flush"
	KindCompaction = "compaction"
)

// Compaction is a flush or a compaction that runs.
type Compaction struct {
	Kind       string    `json:"kind"`       // KindFlush or KindCompaction
	FromLevel  int       `json:"from_level"` // -1: from memory
	ToLevel    int       `json:"to_level"`
	InputBytes uint64    `json:"input_bytes"`
	Started    time.Time `json:"started"`
}

// BlockCache is the cache of blocks; of the engine EngineCache, its entries themselves.
type BlockCache struct {
	Queues     []CacheQueue `json:"queues"`
	Bytes      uint64       `json:"bytes"`
	LimitBytes uint64       `json:"limit_bytes"` // 0: there is none
	Hits       uint64       `json:"hits"`
	Misses     uint64       `json:"misses"`
}

// CacheQueue is a queue of the cache's policy.
type CacheQueue struct {
	// Name is "small" for newcomers, "main" for what has proved itself, "ghost" for what
	// left lately, of which only the keys are known, and "pinned" for what does not leave;
	// "blocks" for all of the Go engine's cache.
	Name    string `json:"name"`
	Entries uint64 `json:"entries"`
	Bytes   uint64 `json:"bytes"`
}

// mostKeyTold is so much of a key as a Segment tells.
const mostKeyTold = 64
