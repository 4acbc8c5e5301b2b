package server

import (
	"context"
	"iter"

	"github.com/mantisdb/mantisdb"
)

// localKeyspace is a Table of a database in this process.
type localKeyspace struct{ ks *mantisdb.Keyspace }

// Handle implements Table.
func (l localKeyspace) Handle() *mantisdb.Keyspace { return l.ks }

// Info implements Keyspace.
func (l localKeyspace) Info() mantisdb.KeyspaceInfo {
	return mantisdb.KeyspaceInfo{Name: l.ks.Name(), Options: l.ks.Options()}
}

// Get implements Table.
func (l localKeyspace) Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error) {
	if err := ctx.Err(); err != nil {
		return dst, mantisdb.Meta{}, err
	}
	return l.ks.AppendGetMeta(dst, key)
}

// Has implements Table.
func (l localKeyspace) Has(ctx context.Context, key []byte) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return l.ks.Has(key)
}

// MultiGet implements Table.
func (l localKeyspace) MultiGet(ctx context.Context, out *mantisdb.Values, keys [][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.ks.MultiGetInto(out, keys)
}

// Put implements Table.
func (l localKeyspace) Put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.ks.PutWith(key, value, o)
}

// PutIfAbsent implements Table.
func (l localKeyspace) PutIfAbsent(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return l.ks.PutIfAbsentWith(key, value, o)
}

// Modify implements Table.
func (l localKeyspace) Modify(ctx context.Context, key []byte, m mantisdb.Modification, o mantisdb.WriteOptions) ([]byte, mantisdb.Modified, error) {
	if err := ctx.Err(); err != nil {
		return nil, mantisdb.Modified{}, err
	}
	return l.ks.Modify(key, m, o)
}

// Delete implements Table.
func (l localKeyspace) Delete(ctx context.Context, key []byte, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.ks.DeleteWith(key, o)
}

// Scan implements Keyspace.
func (l localKeyspace) Scan(ctx context.Context, r mantisdb.Range) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(mantisdb.Entry{}, err)
			return
		}
		scan := l.ks.Scan(r)
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

// DeleteRange implements Keyspace.
func (l localKeyspace) DeleteRange(ctx context.Context, r mantisdb.Range, o mantisdb.WriteOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.ks.DeleteRangeWith(r, o)
}

// Watch implements Keyspace.
func (l localKeyspace) Watch(ctx context.Context, r mantisdb.Range, after Position) (Watch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	from, err := after.Version()
	if err != nil {
		return nil, err
	}
	watch, err := l.ks.Watch(r, from)
	if err != nil {
		return nil, err
	}
	return localWatch{watch}, nil
}
