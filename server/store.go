package server

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"regexp"

	"github.com/mantisdb/mantisdb"
)

// Keyspace is a part of the database with keys of its own, as the protocols see it: what
// concerns many of its keys at once, wherever each of them is. A method may have to ask other
// machines, so each takes a context, and returns its error once it is done; whether a write
// that was under way then took place is not known. All methods may be called from any number
// of goroutines at once.
//
// The errors are those of package mantisdb, and of package cluster if the database is one of
// a cluster, compared with errors.Is.
type Keyspace interface {
	// Info is the keyspace's name, empty for the default one, and its options.
	Info() mantisdb.KeyspaceInfo
	// DeleteRange removes every key of a range, in the time of one write. In a cluster, it
	// is one step in each shard, and not in all together.
	DeleteRange(ctx context.Context, r mantisdb.Range, o mantisdb.WriteOptions) error
	// Scan walks a range as of the moment at which the loop begins; in a cluster, as of
	// one moment in each shard. What it yields is borrowed until the loop's next step. An
	// error is the last thing it yields, with a zero Entry.
	Scan(ctx context.Context, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error]
	// Watch begins to watch a range behind a position, as mantisdb.DB.Watch does from a version on.
	// The context is that of the call alone. In a cluster, the changes of each shard come in the
	// order of their versions, and those of different shards in none.
	Watch(ctx context.Context, r mantisdb.Range, after Position) (Watch, error)
}

// Table is a keyspace of a database that is in one piece, and so has its entries at hand. What
// Keyspace says of contexts, goroutines and errors holds here too.
type Table interface {
	Keyspace

	// Get appends the value of key to dst, as append does; the result belongs
	// to the caller. On an error, such as mantisdb.ErrNotFound, it returns dst
	// as it was.
	Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error)
	// Has tells whether key has a live value.
	Has(ctx context.Context, key []byte) (bool, error)
	// MultiGet reads all keys as of one moment into out, which is reset first.
	MultiGet(ctx context.Context, out *mantisdb.Values, keys [][]byte) error

	// Put stores value under key, as o says.
	Put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) error
	// PutIfAbsent stores value only if key has no live value, atomically, and
	// tells whether it did.
	PutIfAbsent(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) (stored bool, err error)
	// Modify changes the value of key in one step, as mantisdb.DB.Modify does.
	Modify(ctx context.Context, key []byte, m mantisdb.Modification, o mantisdb.WriteOptions) (before []byte, done mantisdb.Modified, err error)
	// Delete removes key, which need not exist.
	Delete(ctx context.Context, key []byte, o mantisdb.WriteOptions) error

	// Handle is the keyspace as batches and conditions name it; nil if it takes part in none.
	Handle() *mantisdb.Keyspace
}

// Store is the database as the protocols see it, in one piece or in shards: its default
// keyspace, the others, and what concerns all of them. What Keyspace says of contexts,
// goroutines and errors holds here too. What the shards of a cluster cannot do together is
// mantisdb.ErrUnsupported.
type Store interface {
	Keyspace

	// Named is the keyspace of a name, or mantisdb.ErrKeyspaceNotFound.
	Named(ctx context.Context, name string) (Keyspace, error)
	// Keyspaces lists the keyspaces by name, without the default one.
	Keyspaces(ctx context.Context) ([]mantisdb.KeyspaceInfo, error)
	// CreateKeyspace makes a keyspace, as mantisdb.DB.CreateKeyspace does.
	CreateKeyspace(ctx context.Context, name string, o mantisdb.KeyspaceOptions) error
	// DropKeyspace removes a keyspace and all that it holds.
	DropKeyspace(ctx context.Context, name string) error

	// AppliedIndex is the index that was stored with the newest batch that had one,
	// nil without one.
	AppliedIndex(ctx context.Context) ([]byte, error)
	// Stats returns figures of the moment; they cost no scan.
	Stats(ctx context.Context) (mantisdb.Stats, error)
	// Structure tells what the engine is made of, with at most so many segments, as
	// mantisdb.DB.Structure does.
	Structure(ctx context.Context, mostSegments int) (mantisdb.Structure, error)
	// Sync returns once all that was acknowledged before is on disk.
	Sync(ctx context.Context) error
	// Backup writes every entry as of one moment to w, as mantisdb.DB.Backup does.
	Backup(ctx context.Context, w io.Writer) (mantisdb.BackupStats, error)
	// Checkpoint makes a copy of the data directory under a name, which must be
	// new (else mantisdb.ErrExists), where the store keeps such copies, and returns
	// its path. A store that has no such place returns mantisdb.ErrUnsupported.
	Checkpoint(ctx context.Context, name string) (path string, err error)
}

// Database is a Store in one piece: a database, or a shard of one. Its errors may be a
// ConditionError too.
type Database interface {
	Store
	Table // the default keyspace

	// Table is the keyspace of a name with its entries, or mantisdb.ErrKeyspaceNotFound.
	Table(ctx context.Context, name string) (Table, error)
	// Write applies a batch: whole, or not at all.
	Write(ctx context.Context, b *mantisdb.Batch, o mantisdb.WriteOptions) error
	// Transact applies a batch, whole or not at all, if all conditions hold at the
	// moment at which it does; else it returns a *ConditionError, and nothing was
	// written. It is mantisdb.ErrConflict if other writes came between again and
	// again.
	Transact(ctx context.Context, conditions []Condition, b *mantisdb.Batch, o mantisdb.WriteOptions) error
}

// Local is a Database in this process. A call that has begun does
// not wait for anything but the engine, so the context counts when it begins;
// scans ask it on every step.
type Local struct {
	localKeyspace // the default one
	db            *mantisdb.DB
	checkpoints   string
}

// NewLocal is the Database that db is, which stays the caller's to close.
func NewLocal(db *mantisdb.DB) Local {
	return Local{localKeyspace: localKeyspace{db.DefaultKeyspace()}, db: db}
}

// WithCheckpoints is the store with a directory in which it makes checkpoints.
func (l Local) WithCheckpoints(dir string) Local {
	l.checkpoints = dir
	return l
}

// Named implements Store.
func (l Local) Named(ctx context.Context, name string) (Keyspace, error) {
	ks, err := l.Table(ctx, name)
	if err != nil {
		return nil, err // and not a Keyspace that is nil
	}
	return ks, nil
}

// Table implements Database.
func (l Local) Table(ctx context.Context, name string) (Table, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ks, err := l.db.Keyspace(name)
	if err != nil {
		return nil, err
	}
	return localKeyspace{ks}, nil
}

// Keyspaces implements Store.
func (l Local) Keyspaces(ctx context.Context) ([]mantisdb.KeyspaceInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return l.db.Keyspaces()
}

// CreateKeyspace implements Store.
func (l Local) CreateKeyspace(ctx context.Context, name string, o mantisdb.KeyspaceOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := l.db.CreateKeyspace(name, o)
	return err
}

// DropKeyspace implements Store.
func (l Local) DropKeyspace(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.DropKeyspace(name)
}

// AppliedIndex implements Store.
func (l Local) AppliedIndex(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return l.db.AppliedIndex()
}

// Write implements Database.
func (l Local) Write(ctx context.Context, b *mantisdb.Batch, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.WriteWith(b, o)
}

// Transact implements Database. It asks the context on every condition, since a
// transaction may be tried many times.
func (l Local) Transact(ctx context.Context, conditions []Condition, b *mantisdb.Batch, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.UpdateWith(func(tx *mantisdb.Tx) error {
		if err := checkConditions(ctx, tx, conditions); err != nil {
			return err
		}
		return tx.Write(b)
	}, o)
}

// Stats implements Store.
func (l Local) Stats(ctx context.Context) (mantisdb.Stats, error) {
	if err := ctx.Err(); err != nil {
		return mantisdb.Stats{}, err
	}
	return l.db.Stats()
}

// Structure implements Store.
func (l Local) Structure(ctx context.Context, mostSegments int) (mantisdb.Structure, error) {
	if err := ctx.Err(); err != nil {
		return mantisdb.Structure{}, err
	}
	return l.db.Structure(mostSegments)
}

// Sync implements Store.
func (l Local) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.Sync()
}

// Backup implements Store.
func (l Local) Backup(ctx context.Context, w io.Writer) (mantisdb.BackupStats, error) {
	return l.db.Backup(ctx, w)
}

// checkpointName is what a checkpoint may be called: one plain file name, since
// whoever asks for it may not choose where the server writes.
var checkpointName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Checkpoint implements Store.
func (l Local) Checkpoint(ctx context.Context, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if l.checkpoints == "" {
		return "", fmt.Errorf("%w: the server was given no directory for checkpoints (--checkpoint-dir)", mantisdb.ErrUnsupported)
	}
	if !checkpointName.MatchString(name) {
		return "", fmt.Errorf("%w: the name %q is not one of up to 100 letters, digits, dots, dashes and underscores that begins with a letter or a digit", mantisdb.ErrInvalidOptions, name)
	}
	path := filepath.Join(l.checkpoints, name)
	return path, l.db.Checkpoint(path)
}
