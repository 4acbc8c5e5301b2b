package engine

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/hashicorp/go-memdb"
)

func init() {
	register(Kind{
		Name:    "go-memdb",
		Version: moduleVersion("github.com/hashicorp/go-memdb"),
		Memory:  true,
		Settings: func(Config) string {
			return "keys and values are copied in, values are copied out; an index that needs no reflection"
		},
		Open: openMemDB,
	})
}

const (
	memTable = "entries"
	memIndex = "id" // the name that memdb asks for
)

// memRow is what the table holds. It never changes.
type memRow struct {
	key   string
	value []byte
}

// memKey indexes rows by their keys, and ends each as memdb's own index of strings
// does, so that none is the beginning of another.
type memKey struct{}

func (memKey) FromObject(row any) (bool, []byte, error) {
	return true, endKey(row.(*memRow).key), nil
}

func (memKey) FromArgs(args ...any) ([]byte, error) {
	if key, ok := args[0].(string); ok && len(args) == 1 {
		return endKey(key), nil
	}
	return nil, fmt.Errorf("%v is no key", args)
}

func endKey(key string) []byte {
	ended := make([]byte, len(key)+1)
	copy(ended, key)
	return ended
}

// memStore is go-memdb: trees that are copied where they change, and one writer
// at a time.
type memStore struct{ db *memdb.MemDB }

func openMemDB(Config) (Engine, error) {
	db, err := memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		memTable: {Name: memTable, Indexes: map[string]*memdb.IndexSchema{
			memIndex: {Name: memIndex, Unique: true, Indexer: memKey{}},
		}},
	}})
	if err != nil {
		return nil, err
	}
	return memStore{db}, nil
}

func (s memStore) Put(key, value []byte) error {
	return s.write(func(tx *memdb.Txn) error { return memPut(tx, key, value) })
}

func (s memStore) PutBatch(entries []Entry) error {
	return s.write(func(tx *memdb.Txn) error {
		for _, e := range entries {
			if err := memPut(tx, e.Key, e.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

func memPut(tx *memdb.Txn, key, value []byte) error {
	return tx.Insert(memTable, &memRow{string(key), bytes.Clone(value)})
}

func (s memStore) write(do func(*memdb.Txn) error) error {
	tx := s.db.Txn(true)
	defer tx.Abort() // does nothing after the commit
	if err := do(tx); err != nil {
		return err
	}
	tx.Commit()
	return nil
}

func (s memStore) Get(dst, key []byte) ([]byte, error) {
	row, err := s.db.Txn(false).First(memTable, memIndex, borrow(key))
	if err != nil {
		return dst, err
	}
	if row == nil {
		return dst, ErrMissing
	}
	return append(dst, row.(*memRow).value...), nil
}

func (s memStore) Delete(key []byte) error {
	return s.write(func(tx *memdb.Txn) error {
		err := tx.Delete(memTable, &memRow{key: borrow(key)})
		if errors.Is(err, memdb.ErrNotFound) {
			return nil
		}
		return err
	})
}

// Scan lends the keys, which memdb has as strings.
func (s memStore) Scan(from []byte, most int, visit func(key, value []byte) error) error {
	rows, err := s.db.Txn(false).LowerBound(memTable, memIndex, borrow(from))
	if err != nil {
		return err
	}
	for range most {
		row, ok := rows.Next().(*memRow)
		if !ok {
			return nil
		}
		if err := visit(lend(row.key), row.value); err != nil {
			return err
		}
	}
	return nil
}

func (s memStore) Close() error { return nil }
