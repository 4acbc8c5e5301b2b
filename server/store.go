package server

import (
	"context"
	"iter"
	"time"

	"github.com/mantisdb/mantisdb"
)

// Store is the database as the protocols see it. A method may have to ask other
// machines, so each takes a context, and returns its error once it is done;
// whether a write that was under way then took place is not known. All methods
// may be called from any number of goroutines at once.
//
// The errors are those of package mantisdb, compared with errors.Is.
type Store interface {
	// Get appends the value of key to dst, as append does; the result belongs
	// to the caller. On an error, such as mantisdb.ErrNotFound, it returns dst
	// as it was.
	Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error)
	// Has tells whether key has a live value.
	Has(ctx context.Context, key []byte) (bool, error)
	// MultiGet reads all keys as of one moment into out, which is reset first.
	MultiGet(ctx context.Context, out *mantisdb.Values, keys [][]byte) error

	// Put stores value under key; a ttl of 0 is never.
	Put(ctx context.Context, key, value []byte, ttl time.Duration) error
	// PutIfAbsent stores value only if key has no live value, atomically, and
	// tells whether it did; a ttl of 0 is never.
	PutIfAbsent(ctx context.Context, key, value []byte, ttl time.Duration) (stored bool, err error)
	// Delete removes key, which need not exist.
	Delete(ctx context.Context, key []byte) error
	// Write applies a batch: whole, or not at all.
	Write(ctx context.Context, b *mantisdb.Batch) error

	// Scan walks a range as of the moment at which the loop begins. What it
	// yields is borrowed until the loop's next step. An error is the last thing
	// it yields, with a zero Entry.
	Scan(ctx context.Context, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error]
	// Stats returns figures of the moment; they cost no scan.
	Stats(ctx context.Context) (mantisdb.Stats, error)
}

// Local is the Store of a database in this process. A call that has begun does
// not wait for anything but the engine, so the context counts when it begins;
// scans ask it on every step.
type Local struct{ db *mantisdb.DB }

// NewLocal is the store of db, which stays the caller's to close.
func NewLocal(db *mantisdb.DB) Local { return Local{db} }

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
func (l Local) Put(ctx context.Context, key, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ttl == 0 {
		return l.db.Put(key, value)
	}
	return l.db.PutTTL(key, value, ttl)
}

// PutIfAbsent implements Store.
func (l Local) PutIfAbsent(ctx context.Context, key, value []byte, ttl time.Duration) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return l.db.PutIfAbsent(key, value, ttl)
}

// Delete implements Store.
func (l Local) Delete(ctx context.Context, key []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.Delete(key)
}

// Write implements Store.
func (l Local) Write(ctx context.Context, b *mantisdb.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.db.Write(b)
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

// Stats implements Store.
func (l Local) Stats(ctx context.Context) (mantisdb.Stats, error) {
	if err := ctx.Err(); err != nil {
		return mantisdb.Stats{}, err
	}
	return l.db.Stats()
}
