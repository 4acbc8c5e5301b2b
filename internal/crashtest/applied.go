package crashtest

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

// appliedKey is where each of the writes stores its number too.
var appliedKey = []byte("applied")

// apply tells the applied index that it finds, and goes on from there until the process
// is killed: each write stores its number as the index, in a keyspace and in the default
// one, together. It returns only if something is wrong.
func (r libraryRole) apply(out io.Writer) error {
	t := &teller{out: out}
	db, err := mantisdb.Open(r.Dir, &mantisdb.Options{Engine: r.Engine, Durability: r.Durability, MemoryLimit: r.MemoryLimit})
	if err != nil {
		return err
	}
	ks, err := db.Keyspace("state")
	if errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
		ks, err = db.CreateKeyspace("state", mantisdb.KeyspaceOptions{})
	}
	if err != nil {
		return err
	}
	last, err := appliedEverywhere(db, ks)
	if err != nil {
		return err
	}
	for n := last; ; n++ {
		if n > last {
			if err := applyOne(db, ks, n); err != nil {
				return err
			}
		}
		if err := t.tell(message{Ready: true, Count: n}); err != nil {
			return err
		}
	}
}

// appliedEverywhere is the number of the last write, which must be the same wherever it
// was stored.
func appliedEverywhere(db *mantisdb.DB, ks *mantisdb.Keyspace) (uint64, error) {
	index, err := db.AppliedIndex()
	if err != nil {
		return 0, err
	}
	values := [][]byte{index}
	for _, ks := range []*mantisdb.Keyspace{ks, db.DefaultKeyspace()} {
		value, err := ks.Get(appliedKey)
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return 0, err
		}
		values = append(values, value)
	}
	for _, value := range values {
		if string(value) != string(index) {
			return 0, fmt.Errorf("the applied index, a keyspace and the default one have %q", values)
		}
	}
	if index == nil {
		return 0, nil
	}
	return strconv.ParseUint(string(index), 10, 64)
}

// applyOne makes the write with a number: every other one is a transaction.
func applyOne(db *mantisdb.DB, ks *mantisdb.Keyspace, n uint64) error {
	text := strconv.AppendUint(nil, n, 10)
	if n%2 == 0 {
		return db.Update(func(tx *mantisdb.Tx) error {
			if _, err := tx.In(ks).Has(appliedKey); err != nil {
				return err
			}
			return errors.Join(tx.Put(appliedKey, text), tx.In(ks).Put(appliedKey, text), tx.SetAppliedIndex(text))
		})
	}
	var batch mantisdb.Batch
	err := errors.Join(batch.SetAppliedIndex(text), batch.In(ks).Put(appliedKey, text), batch.Put(appliedKey, text))
	if err != nil {
		return err
	}
	return db.Write(&batch)
}
