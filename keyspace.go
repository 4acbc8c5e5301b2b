package mantisdb

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/storage"
)

// Keyspace is a part of a database with keys of its own: the same key may be in each
// of them. It has the methods of DB that read and write, and they are DB's in all but
// the keyspace; what is written to several together is written by a Batch or a Tx. DB's
// own are those of the default keyspace, which always exists.
//
// A Keyspace may be used from many goroutines at once, and lives as long as its
// database; there is nothing to close. Once it is dropped, its methods and those of its
// views in batches, transactions and snapshots return ErrKeyspaceDropped.
type Keyspace struct {
	db      *DB
	engine  storage.Engine
	region  region
	options KeyspaceOptions
	name    string // empty: the default keyspace
	dropped atomic.Bool
}

// KeyspaceOptions are a keyspace's for as long as it exists. The zero value asks for
// nothing special.
type KeyspaceOptions struct {
	// TTL is how long values live that are written without a time to live or an
	// expiry of their own, rounded up to whole milliseconds; 0 is for ever. It holds
	// for what stores a new value: puts, swaps and exchanges, in batches and
	// transactions too. PutExpiresAt and Persist name an expiry. What Increment and
	// Append make lives for ever if they find no value, as long as the value before
	// if they do.
	TTL time.Duration
	// MemoryOnly is for what need not outlast the process: a cache, sessions. Writes
	// are acknowledged as DurabilityMemory, whatever else is asked for, and the
	// keyspace is empty whenever the database is opened. A batch or a transaction
	// that writes to other keyspaces too has the durability of those, as a whole.
	MemoryOnly bool
	// Compression is how the keyspace is compressed on disk; CompressionDefault as the
	// rest of the database. With the Go engine any other is ErrUnsupported; a database
	// that was copied from another engine keeps it, and does without.
	Compression Compression
}

// Compression is how blocks on disk are compressed.
type Compression = storage.Compression

// ParseCompression reads "default", "none", "lz4" or "zstd".
func ParseCompression(s string) (Compression, error) { return storage.ParseCompression(s) }

// The kinds of compression.
const (
	CompressionDefault = storage.CompressionDefault // the engine's own choice: LZ4 in the Rust engine
	CompressionNone    = storage.CompressionNone    // none: for what is compressed already
	CompressionLZ4     = storage.CompressionLZ4     // costs little time
	CompressionZstd    = storage.CompressionZstd    // takes less space, and more time
)

// KeyspaceInfo tells of a keyspace.
type KeyspaceInfo struct {
	Name    string
	Options KeyspaceOptions
}

// MaxKeyspaceNameLen is the length of the longest name of a keyspace, in bytes.
const MaxKeyspaceNameLen = 255

// Name is the keyspace's name, empty for the default keyspace.
func (ks *Keyspace) Name() string { return ks.name }

// ID tells the keyspace from all others that the database has or had, also from one before that had the
// same name; 0 is the default one.
func (ks *Keyspace) ID() uint32 {
	if !ks.region.named {
		return 0
	}
	return binary.BigEndian.Uint32(ks.region.prefix[namedPrefixLen-4:])
}

// Options are those with which the keyspace was created.
func (ks *Keyspace) Options() KeyspaceOptions { return ks.options }

// key is a user's key as it is stored. It allocates nothing.
func (ks *Keyspace) key(key []byte) (storedKey, error) {
	if len(key) == 0 || len(key) > MaxKeyLen {
		return storedKey{}, CheckKey(key)
	}
	if ks.region.keeps(key) {
		return storedKey{bytes: key}, nil
	}
	return ks.bufferedKey(key)
}

func (ks *Keyspace) bufferedKey(key []byte) (storedKey, error) {
	if err := ks.check(); err != nil {
		return storedKey{}, err
	}
	b := keyBuffers.Get().(*keyBuffer)
	b.arena = ks.region.append(b.arena[:0], key)
	return storedKey{b.arena, b}, nil
}

// check returns nil while the keyspace exists.
func (ks *Keyspace) check() error {
	if ks.dropped.Load() {
		return fmt.Errorf("%w: %q", ErrKeyspaceDropped, ks.name)
	}
	return nil
}

// checkOf returns nil while the keyspace exists in a database.
func (ks *Keyspace) checkOf(db *DB) error {
	if ks.db != db {
		return fmt.Errorf("%w: the keyspace %s is another database's", ErrInvalidOptions, ks.title())
	}
	return ks.check()
}

// title is the keyspace's name for people.
func (ks *Keyspace) title() string {
	if !ks.region.named {
		return "of no name"
	}
	return strconv.Quote(ks.name)
}

// valueOptions are the options of a write that stores a new value, as the engine has
// them.
func (ks *Keyspace) valueOptions(o WriteOptions) (storage.WriteOptions, error) {
	if o.TTL == 0 {
		o.TTL = ks.options.TTL
	}
	o.Durability = ks.durability(o.Durability)
	return o.engine()
}

// durability is the level of a write to this keyspace alone.
func (ks *Keyspace) durability(d Durability) Durability {
	if ks.options.MemoryOnly {
		return ofMemoryOnly(d)
	}
	return d
}

// ofMemoryOnly is DurabilityMemory, the greatest, in place of a level that exists. The
// engine is to refuse any other.
func ofMemoryOnly(d Durability) Durability { return max(d, DurabilityMemory) }

// expiry is when a value expires that is written now and names no expiry, in Unix
// milliseconds; 0 is never.
func (ks *Keyspace) expiry() (int64, error) {
	if ks.options.TTL == 0 {
		return 0, nil
	}
	return expiryAfter(ks.options.TTL)
}
