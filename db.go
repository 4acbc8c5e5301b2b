package mantisdb

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Limits in bytes.
const (
	MaxKeyLen   = 64 << 10            // longest key
	MaxValueLen = storage.MaxValueLen // longest value, 64 MiB
	MaxBatchLen = storage.MaxBatchLen // longest batch, 1 GiB
)

// Meta describes a stored value. Its fields:
//
//   - Version uint64 grows with every write of the database: a later write of a
//     key has a greater version than an earlier one.
//   - ExpiresAt int64 is when the value expires, in Unix milliseconds; 0 is
//     never.
type Meta = storage.Meta

// Values receives what DB.MultiGetInto found: one result a key, in the keys'
// order. The zero value is ready, and may be used again and again, by one
// goroutine at a time. Its methods:
//
//   - Len() int is the number of results.
//   - At(i int) ([]byte, bool) returns the i-th value and whether the key was
//     found. The bytes are borrowed: valid until the Values are next changed.
//   - SetLimit(bytes int) bounds what MultiGetInto gathers: beyond it, it is
//     ErrResultTooLarge; 0 is no bound.
//   - Reset() empties it and keeps its memory, as MultiGetInto does first.
//   - AppendFound(value []byte) and AppendMissing() add a result. They are there
//     for the engines.
type Values = storage.Values

// Stats are a database's figures of one moment; counters count since Open. Its
// fields, uint64 unless told otherwise:
//
//   - Engine string is the engine's name.
//   - Keys is the number of live keys; expired ones count until reclaimed.
//     KeysEstimated bool tells that the engine only estimates it.
//   - MemoryBytes is what the data and its indexes hold in memory.
//   - AllocatorBytes is what the engine's own allocator holds from the system,
//     outside Go's heap, for all databases of the process; 0 without one.
//   - DiskBytes is the size of the data directory's files; 0 in memory.
//   - Durability Durability is the level of writes that name none;
//     DurabilityMemory in memory.
//   - MemoryLimit is Options.MemoryLimit, or what the engine took instead; 0 is
//     none. DirtyBytes is what was written since the last flush began.
//   - LogBytes is the size of the log, and Segments the number of the immutable
//     files that hold the data.
//   - LastVersion is the newest version that reads see.
//   - OpenSnapshots counts snapshots not yet closed, those of transactions and of
//     longer scans included. LeakedSnapshots counts those that were dropped without Close or
//     Discard, and closed by the garbage collector: a mistake of the program.
//   - Gets counts keys looked up, and GetHits those of them that were found.
//   - Puts, Deletes and RangeDeletes count the values, the deletions of keys and
//     those of ranges that were written, in batches too; Batches counts the batches.
//   - Scans counts scans begun, and ScanKeys the entries that they yielded.
//   - Expired and Reclaimed count the expired and the deleted entries whose
//     memory was reclaimed.
//   - Syncs counts syncs of the log that somebody waited for; Flushes and
//     FlushedBytes the write buffers written to segments, and the segments' bytes;
//     Compactions and CompactedBytes the compactions, and what they wrote.
//   - StallNanos is how long writers were held up because flushes, compactions or
//     evictions lagged, or the log's next file was not ready.
//   - Evicted counts entries that left memory for its limit: they are in segments, or,
//     of EngineCache, gone.
//     BackgroundErrors counts flushes, compactions and the like that failed and
//     are tried again.
//   - RecoveryNanos is how long Open took, RecoveredRecords how many records of
//     the log it read, and TornBytes what it dropped at the log's end since it was
//     never whole; the Go engine does not tell the last two.
type Stats = storage.Stats

// DB is an open database. All methods may be called from any number of
// goroutines at once. Keys and values passed in are copied, never kept.
type DB struct {
	engine      storage.Engine
	main        *Keyspace // the default one
	catalog     *catalog  // of the others
	logger      *slog.Logger
	memoryLimit uint64         // 0: none
	leaked      *atomic.Uint64 // snapshots
	watchers    *watchers
}

// Open opens the database in the directory dir, which is created if it does not
// exist; dir "" keeps everything in memory. opts may be nil. The database must
// be closed.
func Open(dir string, opts *Options) (*DB, error) {
	if opts == nil {
		opts = &Options{}
	}
	logger := opts.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	engine, err := storage.Open(opts.config(dir, logger))
	if err != nil {
		return nil, err
	}
	return OpenEngine(engine, logger)
}

// OpenEngine is a database upon an engine that is open, for engines that Options do not know.
// Closing the database closes the engine, and so does a failure to open it. logger may be nil.
func OpenEngine(engine storage.Engine, logger *slog.Logger) (*DB, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	db := newDB(engine, logger)
	if err := db.begin(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return db, nil
}

// OpenReadOnly is OpenEngine for an engine that others write to: the database writes nothing by
// itself, and is to be read only. Its keyspaces are those of the moment at which it is opened.
func OpenReadOnly(engine storage.Engine, logger *slog.Logger) (*DB, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	db := newDB(engine, logger)
	if _, err := db.readCatalog(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return db, nil
}

// newDB is the database of an engine, of which it has read nothing.
func newDB(engine storage.Engine, logger *slog.Logger) *DB {
	db := &DB{engine: engine, logger: logger, catalog: newCatalog(), leaked: new(atomic.Uint64), watchers: newWatchers()}
	db.main = &Keyspace{db: db, engine: engine}
	return db
}

// begin reads what must be known before anything is asked.
func (db *DB) begin() error {
	stats, err := db.engine.Stats()
	if err != nil {
		return err
	}
	db.memoryLimit = stats.MemoryLimit
	return db.openCatalog()
}

// config is the options as the engine has them.
func (o *Options) config(dir string, logger *slog.Logger) storage.Config {
	return storage.Config{
		Engine: o.Engine, Dir: dir, Logger: logger,
		Durability: o.Durability, MemoryLimit: o.MemoryLimit,
		Pinned: systemPrefix(),
	}
}

// Engine is the name of the engine behind the database: EngineRust, EngineGo or
// EngineCache.
func (db *DB) Engine() string { return db.engine.Name() }

// Get returns the value of key, which belongs to the caller, or ErrNotFound. An
// empty value is empty and not nil.
func (db *DB) Get(key []byte) ([]byte, error) { return db.main.Get(key) }

// AppendGet appends the value of key to dst and returns the extended slice, as
// append does. With enough room in dst it allocates nothing. On an error, such
// as ErrNotFound, it returns dst as it was.
func (db *DB) AppendGet(dst, key []byte) ([]byte, error) { return db.main.AppendGet(dst, key) }

// AppendGetMeta is AppendGet that also tells the value's version and expiry.
func (db *DB) AppendGetMeta(dst, key []byte) ([]byte, Meta, error) {
	return db.main.AppendGetMeta(dst, key)
}

// Has tells whether key has a live value.
func (db *DB) Has(key []byte) (bool, error) { return db.main.Has(key) }

// MultiGet reads all keys as of one moment, much faster than one by one. The
// results are in the keys' order, nil where a key was not found, and belong to
// the caller. A found empty value is not nil.
func (db *DB) MultiGet(keys ...[]byte) ([][]byte, error) { return db.main.MultiGet(keys...) }

// MultiGetInto is MultiGet into out, which is reset first. When out is used
// again from call to call, nothing is allocated.
func (db *DB) MultiGetInto(out *Values, keys [][]byte) error { return db.main.MultiGetInto(out, keys) }

// Put stores value under key, without expiry.
func (db *DB) Put(key, value []byte) error { return db.main.Put(key, value) }

// PutTTL stores value under key for the time ttl, rounded up to whole
// milliseconds. A ttl that is not positive is ErrInvalidTTL.
func (db *DB) PutTTL(key, value []byte, ttl time.Duration) error {
	return db.main.PutTTL(key, value, ttl)
}

// PutIfAbsent stores value under key only if key has no live value, atomically,
// and tells whether it did. A ttl of 0 is never; a negative one ErrInvalidTTL.
func (db *DB) PutIfAbsent(key, value []byte, ttl time.Duration) (stored bool, err error) {
	return db.main.PutIfAbsent(key, value, ttl)
}

// Delete removes key, which need not exist.
func (db *DB) Delete(key []byte) error { return db.main.Delete(key) }

// DeleteRange removes every key of a range, in the time of one write, whatever the
// range holds; r's Reverse and KeysOnly make no difference, and its bounds may be no
// longer than keys: else it is ErrKeyTooLarge. Readers see all keys go at once. The space
// comes back later, by itself; until then Stats.Keys may count them.
//
//	err := db.DeleteRange(mantisdb.Prefix([]byte("session/")))
func (db *DB) DeleteRange(r Range) error { return db.main.DeleteRange(r) }

// Write applies a batch atomically: readers see all of it or nothing. The batch
// is unchanged and may be reset and used again.
func (db *DB) Write(b *Batch) error { return db.WriteWith(b, WriteOptions{}) }

// Stats returns figures of the moment; they cost no scan.
func (db *DB) Stats() (Stats, error) {
	stats, err := db.engine.Stats()
	stats.LeakedSnapshots = db.leaked.Load()
	stats.Keys -= min(stats.Keys, db.catalog.keys())
	return stats, err
}

// Close closes the database. Calls in flight finish or return ErrClosed, as do
// all later ones and those on its snapshots and scans. What was acknowledged is
// made durable, whatever its level; an error tells that some of it may be lost, or
// repeats the failure of a database that is poisoned. The database is closed all
// the same. Closing again waits for the first Close and returns nil.
func (db *DB) Close() error {
	db.catalog.close()
	db.watchers.close()
	return db.engine.Close()
}

// nonNil makes a found empty value distinct from a missing one.
func nonNil(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}
