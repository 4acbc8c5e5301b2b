package mantisdb

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Durability says when a write is acknowledged. Options.Durability chooses it
// for a database, WriteOptions.Durability for one write. ParseDurability reads
// the name that its String method returns. A database in memory takes every
// level, and none makes a difference.
type Durability = storage.Durability

// The levels.
const (
	// DurabilityDefault is the database's own level; of a database, it is
	// DurabilitySync.
	DurabilityDefault = storage.DurabilityDefault
	// DurabilitySync: a write that returned is on disk, and survives the loss of
	// power.
	DurabilitySync = storage.DurabilitySync
	// DurabilityBuffered: a write that returned is with the operating system, and
	// survives the death of the process. It is on disk at most a second later.
	DurabilityBuffered = storage.DurabilityBuffered
	// DurabilityMemory: a write that returned is visible. It is lost with the
	// process, unless DB.Sync or DB.Close came after it.
	DurabilityMemory = storage.DurabilityMemory
)

// The least and the greatest Options.MemoryLimit, in bytes.
const (
	MinMemoryLimit = storage.MinMemoryLimit
	MaxMemoryLimit = storage.MaxMemoryLimit
	// DefaultCacheLimit is that of EngineCache, if none is given.
	DefaultCacheLimit = storage.DefaultCacheLimit
)

// ParseDurability reads "sync", "buffered" or "memory".
func ParseDurability(s string) (Durability, error) { return storage.ParseDurability(s) }

// WriteOptions qualify one write. The zero value asks for nothing special.
type WriteOptions struct {
	// TTL is how long the value lives, rounded up to whole milliseconds; 0 is for
	// ever, a negative one ErrInvalidTTL. It is for values alone: a deletion has
	// none, and the operations of a batch carry their own.
	TTL time.Duration
	// Durability says when the write is acknowledged; none is the database's own
	// level.
	Durability Durability
}

// engine is the options as the engine has them.
func (o WriteOptions) engine() (storage.WriteOptions, error) {
	w := storage.WriteOptions{Durability: o.Durability}
	if o.TTL == 0 {
		return w, nil
	}
	var err error
	w.ExpiresAt, err = expiryAfter(o.TTL)
	return w, err
}

// timeless is engine for what has no time to live.
func (o WriteOptions) timeless(what string) (storage.WriteOptions, error) {
	if o.TTL != 0 {
		return storage.WriteOptions{}, fmt.Errorf("%w: %s has no time to live", ErrInvalidOptions, what)
	}
	return storage.WriteOptions{Durability: o.Durability}, nil
}

// PutWith stores value under key, as o says.
func (db *DB) PutWith(key, value []byte, o WriteOptions) error { return db.main.PutWith(key, value, o) }

// PutIfAbsentWith is PutIfAbsent, as o says. If the key has a value, it may be
// one that is not yet as durable as o asks.
func (db *DB) PutIfAbsentWith(key, value []byte, o WriteOptions) (stored bool, err error) {
	return db.main.PutIfAbsentWith(key, value, o)
}

// DeleteWith removes key, which need not exist, as o says.
func (db *DB) DeleteWith(key []byte, o WriteOptions) error { return db.main.DeleteWith(key, o) }

// DeleteRangeWith removes every key of a range as DeleteRange does, as o says.
func (db *DB) DeleteRangeWith(r Range, o WriteOptions) error { return db.main.DeleteRangeWith(r, o) }

// WriteWith applies a batch as Write does, as o says.
func (db *DB) WriteWith(b *Batch, o WriteOptions) error {
	if err := b.check(db); err != nil {
		return err
	}
	w, err := o.timeless("a batch itself")
	if err != nil {
		return err
	}
	w.Durability = b.scope.durability(w.Durability)
	if _, err := db.engine.Write(&b.ops, w); err != nil {
		return err
	}
	b.scope.written(db)
	return nil
}

// Sync returns once every write that was acknowledged before the call is on
// disk, whatever its level. In memory it does nothing.
func (db *DB) Sync() error { return db.engine.Sync() }

// SyncLog is Sync without the writes of DurabilityMemory. Where many writes belong together
// and each is to be on disk before it counts, it costs less to make them with
// DurabilityBuffered, and to count them after one SyncLog.
func (db *DB) SyncLog() error { return db.engine.SyncLog() }

// Compact writes what is in memory to files and merges those until there is
// nothing left to gain, so that what was deleted, overwritten or has expired gives
// its disk space back now. That happens in due course without it, too. Writes go
// on meanwhile; it may take long. In memory it does nothing.
func (db *DB) Compact() error { return db.engine.Compact() }

// Checkpoint makes dir, which must not exist or be empty, a copy of the data
// directory, to be opened as such. It has all that was acknowledged before the
// call, and of what is written meanwhile a beginning. Writes go on. Files that no
// longer change are shared by hard links if dir is on the same file system; so a
// checkpoint is quick and small at first, and grows as the database moves on. It
// is no copy on another disk: that is Backup. In memory it is ErrUnsupported.
func (db *DB) Checkpoint(dir string) error { return db.engine.Checkpoint(dir) }
