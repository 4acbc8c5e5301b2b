// Package storage is the seam between MantisDB and its engines. An Engine is
// an ordered map from byte keys to byte values with versions, expiry, atomic
// batches and snapshots. Two implementations exist, and one conformance suite
// (package storagetest) holds both to the contract written here:
//
//   - "rust": the lock-free core, linked through cgo under the build tag
//     `rust`; its data lives outside Go's heap. The same core in memory alone, with a
//     limit at which entries leave, is the engine "cache";
//   - "go": an adapter over Pebble, in every build, also with CGO_ENABLED=0.
//
// Nothing above this package knows which one it talks to.
package storage

// Names of the engines, as Config.Engine and Engine.Name use them.
const (
	EngineRust  = "rust"
	EngineGo    = "go"
	EngineCache = "cache"
)

// Engine is one open store. All methods may be called from any number of
// goroutines at once. After Close every method returns ErrClosed, also when the
// two race. Keys and values passed in are copied, never kept.
//
// Reads return the newest committed write. A write is visible to every read
// that starts after it returned; a batch is visible whole or not at all.
// A key whose expiry has passed is absent to every method.
//
// In a data directory, a write is durable as Durability says. What cannot be
// written is never acknowledged, and its error tells the cause by ErrIO or
// ErrDiskFull. What else that means depends on the error:
//
//   - If it is not an ErrPoisoned, only that call was refused, as a write is for
//     which a full disk has no room. Reads go on, and so do writes once there is
//     room. The Rust engine knows that case.
//   - If it is an ErrPoisoned, nothing is acknowledged any more until the engine
//     was closed and opened again: that call and all later writes return it. Where
//     reads go on, it is an ErrWritesFailed. The Rust engine is so after a failed
//     write or sync of its log, the Go engine after any failed change of a file.
//
// Opening the engine again finds all that was acknowledged, up to what
// DurabilityBuffered and DurabilityMemory leave to chance. Failures in the
// background are logged; what can be tried again is.
//
// The engine EngineCache keeps all this but for one thing: at any moment, a key may be
// gone, also for snapshots that are open, as if somebody had deleted it. No feed tells of
// it. A transaction that has read the key conflicts, and so may one that has scanned a
// range. A write is refused for want of memory only if it alone is too large, with
// ErrOverMemoryLimit.
type Engine interface {
	// Name is the engine's name: EngineRust, EngineGo or EngineCache.
	Name() string

	// AppendGet appends key's value to dst and returns the extended slice, as
	// append does: the result belongs to the caller. ErrNotFound returns dst
	// unchanged.
	AppendGet(dst, key []byte) ([]byte, error)
	// AppendGetMeta is AppendGet that also tells the value's version and expiry.
	AppendGetMeta(dst, key []byte) ([]byte, Meta, error)
	// Has tells whether key has a live value, without copying it.
	Has(key []byte) (bool, error)
	// MultiGet reads all keys as of one moment into out, which is reset first.
	// An invalid key fails the whole call, and so does more than out's limit, with
	// ErrResultTooLarge; out is empty then.
	MultiGet(keys [][]byte, out *Values) error

	// Put stores value under key and returns the write's version.
	Put(key, value []byte, o WriteOptions) (version uint64, err error)
	// PutIfAbsent stores value only if key has no live value, atomically.
	// If it has one, nothing is written and stored is false.
	PutIfAbsent(key, value []byte, o WriteOptions) (version uint64, stored bool, err error)
	// Modify changes key's value in one step, between which no other write comes,
	// and tells how. What Exchange and Take replace is appended to dst. A value that
	// Increment cannot count up is ErrNotANumber or ErrOverflow.
	Modify(dst, key []byte, m Modification, o WriteOptions) ([]byte, Modified, error)
	// Delete removes key, which need not exist.
	Delete(key []byte, o WriteOptions) (version uint64, err error)
	// Write applies a batch and returns the version of its last operation. An
	// empty batch does nothing and returns 0. WriteOptions.ExpiresAt must be 0:
	// each operation carries its own. The deletion of a range takes the time of one
	// write, whatever the range holds; the space comes back later.
	Write(b *Batch, o WriteOptions) (version uint64, err error)

	// Snapshot freezes the state that this call's start sees. It refuses no
	// write while open, and must be closed.
	Snapshot() (Snapshot, error)

	// Scan opens a cursor over a range of the state that this call's start sees, as
	// that of a snapshot of its own would be, but cheaper if the scan is short. The
	// cursor must be closed.
	Scan(r Range) (Cursor, error)

	// Watch begins a feed of the changes of a range: for a from of 0 of those that are
	// committed from now on, else of all with that version or a greater one. A write
	// that begins after Watch returned is delivered; and what a read finds that begins
	// then is either older than Feed.From, or delivered.
	//
	// Changes that were committed before are delivered as far as the engine still has
	// them, else it is ErrHistoryGone: the Rust engine has what its log holds, in
	// memory and with the Go engine there is only what is kept for other feeds. A write
	// of DurabilityMemory leaves a gap in the log, and so it is ErrHistoryGone when the
	// feed comes to it.
	//
	// A deletion is delivered whether or not there was anything to delete, a
	// modification as the value that it stored or as a deletion, and one that changed
	// nothing not at all. That a value expires is no change. A change is delivered
	// when it is visible: after a loss of power, its version may become that of another
	// write if it was not yet on disk.
	//
	// r.Reverse and r.Limit must not be set; r.KeysOnly leaves values out.
	Watch(r Range, from uint64) (Feed, error)

	// Sync returns once every write that was acknowledged before the call is on
	// disk, whatever its level. In memory it does nothing.
	Sync() error
	// SyncLog is Sync without the writes of DurabilityMemory, which are not in the log. Many
	// buffered writes and one SyncLog are on disk as soon as one sync write.
	SyncLog() error
	// Checkpoint makes dir, which must not exist or be empty, a data directory
	// with all that was acknowledged before the call, and of what is written
	// meanwhile a beginning, in order. Writes go on. What can be shared with the
	// open directory is, by hard links; the rest is copied and synced. dir is
	// there whole and on disk when it returns, and untouched after an error. In
	// memory it is ErrUnsupported.
	Checkpoint(dir string) error

	// SetCompression says how what is stored under keys with a prefix is compressed
	// on disk from now on, until the engine is closed; CompressionDefault takes that
	// back. No such prefix may begin with another one. In memory it makes no
	// difference. The Go engine compresses all keys alike: it returns ErrUnsupported,
	// unless c is CompressionDefault.
	SetCompression(prefix []byte, c Compression) error

	// Compact writes what is in memory to segments and merges those until there
	// is nothing left to gain: what was deleted, overwritten or has expired gives
	// its disk space back now and not in due course. Writes go on. In memory it
	// does nothing.
	Compact() error

	// Stats returns figures of the moment; they cost no scan.
	Stats() (Stats, error)

	// Structure tells what the engine is made of, with at most so many segments; it costs no
	// scan.
	Structure(mostSegments int) (Structure, error)

	// Close makes durable what was acknowledged, whatever its level, and releases
	// everything. Calls in flight either finish or return ErrClosed. An error tells
	// that something acknowledged may be lost, or repeats the failure of an engine
	// that is poisoned; the engine is closed all the same. It may be called again:
	// then it returns nil, once the first call has returned.
	Close() error
}

// Meta describes a stored value.
type Meta struct {
	// Version grows with every write of the engine; a later write of a key has
	// a greater version than an earlier one.
	Version uint64
	// ExpiresAt is in Unix milliseconds; 0 is never.
	ExpiresAt int64
}

// WriteOptions qualify one write.
type WriteOptions struct {
	// ExpiresAt is when the value stops existing, in Unix milliseconds; 0 is
	// never. A time that has passed is allowed: the key is then absent.
	ExpiresAt int64
	// Durability says when this write is acknowledged; none is the engine's
	// level.
	Durability Durability
}

// Snapshot is a frozen view. It may be used from many goroutines at once, and
// returns ErrClosed once it or its engine is closed. Expiry goes on: a value
// that expires after the snapshot was made disappears from it.
type Snapshot interface {
	// Version is the newest version the snapshot sees.
	Version() uint64
	// AppendGetMeta reads as Engine.AppendGetMeta, at the snapshot.
	AppendGetMeta(dst, key []byte) ([]byte, Meta, error)
	// Scan opens a cursor over a range at the snapshot. The cursor must be
	// closed, and before the snapshot.
	Scan(r Range) (Cursor, error)
	// WriteIf applies a batch as Engine.Write does, if what was read at the snapshot
	// still holds at that moment, else it is ErrConflict. So a transaction that reads
	// at the snapshot alone is serializable. A batch without operations needs no
	// check and returns 0.
	WriteIf(b *Batch, reads *ReadSet, o WriteOptions) (version uint64, err error)
	// Close releases the snapshot; closing again returns nil.
	Close() error
}

// Range selects keys k with Start <= k < End; nil means unbounded. A Start
// beyond End selects nothing.
type Range struct {
	Start, End []byte
	// Reverse yields keys in descending order.
	Reverse bool
	// KeysOnly lets the engine skip values; Cursor.Value is then nil.
	KeysOnly bool
	// Limit is how many entries a scan yields at most, so that the engine reads no more
	// of them; 0 is all there are. A negative one is ErrInvalidOptions.
	Limit int
}

// Cursor walks a range once, in order. It is used by one goroutine at a time.
//
//	for c.Next() {
//		use(c.Key(), c.Value())
//	}
//	err := c.Err()
type Cursor interface {
	// Next moves to the next entry, at first to the first, and tells whether
	// there is one. False is final: the end, or an error that Err returns.
	Next() bool
	// Key is borrowed: valid until the next call of Next or Close.
	Key() []byte
	// Value is borrowed as Key is.
	Value() []byte
	// Meta describes the current value.
	Meta() Meta
	// Err is the error that ended the walk; nil at a plain end.
	Err() error
	// Close releases the cursor; closing again returns nil.
	Close() error
}

// Stats are figures of one moment. Counters count since Open.
type Stats struct {
	Engine string `json:"engine"`
	// Keys is the number of live keys; expired ones count until reclaimed. An
	// engine that cannot know it cheaply estimates, and says so.
	Keys          uint64 `json:"keys"`
	KeysEstimated bool   `json:"keys_estimated"`
	// MemoryBytes is what the engine's data and indexes hold in memory.
	MemoryBytes uint64 `json:"memory_bytes"`
	// AllocatorBytes is what the engine's own allocator holds from the system,
	// outside Go's heap and unseen by GOMEMLIMIT, for all engines of the process;
	// 0 for an engine without one.
	AllocatorBytes uint64 `json:"allocator_bytes"`
	// DiskBytes is the size of the files of the data directory; 0 in memory.
	DiskBytes uint64 `json:"disk_bytes"`
	// Durability is the level of writes that name none: DurabilityMemory in memory.
	Durability Durability `json:"durability"`
	// MemoryLimit is Config.MemoryLimit, or what the engine took instead; 0 is
	// none.
	MemoryLimit uint64 `json:"memory_limit"`
	// WritesFailed tells that the engine is poisoned by a failed write or sync, so that it
	// only reads until it was closed and opened again; where reads do not go on, Stats
	// fails instead.
	WritesFailed bool `json:"writes_failed"`
	// DirtyBytes is what was written since the last flush began.
	DirtyBytes uint64 `json:"dirty_bytes"`
	// LogBytes is the size of what a recovery would have to read of the log.
	LogBytes uint64 `json:"log_bytes"`
	// Segments is the number of the immutable files that hold the data.
	Segments uint64 `json:"segments"`
	// LastVersion is the newest version that reads see.
	LastVersion uint64 `json:"last_version"`
	// OpenSnapshots counts snapshots not yet closed. A scan of the newest state has one
	// if the engine keeps one for it, which a short one may not need.
	OpenSnapshots uint64 `json:"open_snapshots"`
	// OldestSnapshot is the version of the oldest of those; 0 without any.
	OldestSnapshot uint64 `json:"oldest_snapshot"`
	// LeakedSnapshots counts those that were dropped without Close, and closed by the
	// garbage collector. An engine does not know of them; package mantisdb does.
	LeakedSnapshots uint64 `json:"leaked_snapshots"`

	Gets         uint64 `json:"gets"`          // keys looked up
	GetHits      uint64 `json:"get_hits"`      // of those, found
	Puts         uint64 `json:"puts"`          // values written, in batches too
	Deletes      uint64 `json:"deletes"`       // deletions of keys written, in batches too
	RangeDeletes uint64 `json:"range_deletes"` // deletions of ranges written
	Batches      uint64 `json:"batches"`       // batches applied
	Scans        uint64 `json:"scans"`         // cursors opened
	ScanKeys     uint64 `json:"scan_keys"`     // entries that cursors yielded
	Expired      uint64 `json:"expired"`       // expired entries reclaimed
	Reclaimed    uint64 `json:"reclaimed"`     // deleted entries reclaimed

	Syncs          uint64 `json:"syncs"`           // syncs of the log that somebody waited for
	SyncNanos      uint64 `json:"sync_nanos"`      // how long those took, in sum
	Flushes        uint64 `json:"flushes"`         // write buffers written to segments
	FlushedBytes   uint64 `json:"flushed_bytes"`   // bytes of those segments
	Compactions    uint64 `json:"compactions"`     // compactions done
	CompactedBytes uint64 `json:"compacted_bytes"` // bytes that they wrote
	StallNanos     uint64 `json:"stall_nanos"`     // how long writers were held up, by flushes, compactions or evictions that lag, or for a file of the log
	Evicted        uint64 `json:"evicted"`         // entries that left memory for its limit: they are in segments, or gone from a cache
	// BlockCacheHits and BlockCacheMisses count blocks of segments that were found
	// decompressed, or not, in the cache of BlockCacheBytes. The Rust engine counts
	// compressed blocks alone: it reads others in place.
	BlockCacheHits   uint64 `json:"block_cache_hits"`
	BlockCacheMisses uint64 `json:"block_cache_misses"`
	BlockCacheBytes  uint64 `json:"block_cache_bytes"`
	PinnedBytes      uint64 `json:"pinned_bytes"`      // filters and indexes of segments that are locked into memory
	BackgroundErrors uint64 `json:"background_errors"` // flushes, compactions and the like that failed and are tried again
	RecoveredRecords uint64 `json:"recovered_records"` // records of the log that Open read; 0 if the engine does not tell
	RecoveryNanos    uint64 `json:"recovery_nanos"`    // how long Open took
	TornBytes        uint64 `json:"torn_bytes"`        // bytes at the log's end that Open dropped, since they were never whole
}
