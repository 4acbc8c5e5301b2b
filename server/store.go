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

// Store is the database as the protocols see it. A method may have to ask other
// machines, so each takes a context, and returns its error once it is done;
// whether a write that was under way then took place is not known. All methods
// may be called from any number of goroutines at once.
//
// The errors are those of package mantisdb, compared with errors.Is, and
// ConditionError.
type Store interface {
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
	// Delete removes key, which need not exist.
	Delete(ctx context.Context, key []byte, o mantisdb.WriteOptions) error
	// Write applies a batch: whole, or not at all.
	Write(ctx context.Context, b *mantisdb.Batch, o mantisdb.WriteOptions) error

	// Modify changes the value of key in one step, as mantisdb.DB.Modify does.
	Modify(ctx context.Context, key []byte, m mantisdb.Modification, o mantisdb.WriteOptions) (before []byte, done mantisdb.Modified, err error)
	// Transact applies a batch, whole or not at all, if all conditions hold at the
	// moment at which it does; else it returns a *ConditionError, and nothing was
	// written. It is mantisdb.ErrConflict if other writes came between again and
	// again.
	Transact(ctx context.Context, conditions []Condition, b *mantisdb.Batch, o mantisdb.WriteOptions) error

	// Scan walks a range as of the moment at which the loop begins. What it
	// yields is borrowed until the loop's next step. An error is the last thing
	// it yields, with a zero Entry.
	Scan(ctx context.Context, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error]
	// Watch begins to watch a range, as mantisdb.DB.Watch does. The context is that
	// of the call alone.
	Watch(ctx context.Context, r mantisdb.Range, from uint64) (Watch, error)
	// Stats returns figures of the moment; they cost no scan.
	Stats(ctx context.Context) (mantisdb.Stats, error)
	// Sync returns once all that was acknowledged before is on disk.
	Sync(ctx context.Context) error
	// Backup writes every entry as of one moment to w, as mantisdb.DB.Backup does.
	Backup(ctx context.Context, w io.Writer) (mantisdb.BackupStats, error)
	// Checkpoint makes a copy of the data directory under a name, which must be
	// new (else mantisdb.ErrExists), where the store keeps such copies, and returns
	// its path. A store that has no such place returns mantisdb.ErrUnsupported.
	Checkpoint(ctx context.Context, name string) (path string, err error)
}

// Watch delivers changes as a mantisdb.Watch does, whose methods these are.
type Watch interface {
	From() uint64
	Next(ctx context.Context) (mantisdb.Change, error)
	Close() error
}

// Local is the Store of a database in this process. A call that has begun does
// not wait for anything but the engine, so the context counts when it begins;
// scans ask it on every step.
type Local struct {
	db          *mantisdb.DB
	checkpoints string
}

// NewLocal is the store of db, which stays the caller's to close.
func NewLocal(db *mantisdb.DB) Local { return Local{db: db} }

// WithCheckpoints is the store with a directory in which it makes checkpoints.
func (l Local) WithCheckpoints(dir string) Local {
	l.checkpoints = dir
	return l
}

// Get implements Store.
func (l Local) Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error) {
	if err := ctx.Err(); err != nil {
		return dst, mantisdb.Meta{}, err
	}
	return l.db.AppendGetMeta(dst, key)
}

// Has implements Store.
func (l Local) Has(ctx context.Context, key []byte) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return l.db.Has(key)
}

// MultiGet implements Store.
func (l Local) MultiGet(ctx context.Context, out *mantisdb.Values, keys [][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.MultiGetInto(out, keys)
}

// Put implements Store.
func (l Local) Put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.PutWith(key, value, o)
}

// PutIfAbsent implements Store.
func (l Local) PutIfAbsent(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return l.db.PutIfAbsentWith(key, value, o)
}

// Delete implements Store.
func (l Local) Delete(ctx context.Context, key []byte, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.DeleteWith(key, o)
}

// Write implements Store.
func (l Local) Write(ctx context.Context, b *mantisdb.Batch, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.WriteWith(b, o)
}

// Modify implements Store.
func (l Local) Modify(ctx context.Context, key []byte, m mantisdb.Modification, o mantisdb.WriteOptions) ([]byte, mantisdb.Modified, error) {
	if err := ctx.Err(); err != nil {
		return nil, mantisdb.Modified{}, err
	}
	return l.db.Modify(key, m, o)
}

// Transact implements Store. It asks the context on every condition, since a
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

// Scan implements Store.
func (l Local) Scan(ctx context.Context, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(mantisdb.Entry{}, err)
			return
		}
		scan := l.db.Scan(r)
		for entry := range scan.Entries() {
			if err := ctx.Err(); err != nil {
				yield(mantisdb.Entry{}, err)
				return
			}
			if !yield(entry, nil) {
				return
			}
		}
		if err := scan.Err(); err != nil {
			yield(mantisdb.Entry{}, err)
		}
	}
}

// Watch implements Store.
func (l Local) Watch(ctx context.Context, r mantisdb.Range, from uint64) (Watch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	watch, err := l.db.Watch(r, from)
	if err != nil {
		return nil, err // and not a Watch that is nil
	}
	return watch, nil
}

// Stats implements Store.
func (l Local) Stats(ctx context.Context) (mantisdb.Stats, error) {
	if err := ctx.Err(); err != nil {
		return mantisdb.Stats{}, err
	}
	return l.db.Stats()
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
		return "", fmt.Errorf("%w: there is no directory for checkpoints", mantisdb.ErrUnsupported)
	}
	if !checkpointName.MatchString(name) {
		return "", fmt.Errorf("%w: the name %q is not one of up to 100 letters, digits, dots, dashes and underscores that begins with a letter or a digit", mantisdb.ErrInvalidOptions, name)
	}
	path := filepath.Join(l.checkpoints, name)
	return path, l.db.Checkpoint(path)
}
