package mantisdb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// TestWritesAcrossKeyspaces: readers of two keyspaces see both halves of a batch and of
// a transaction, or none.
func TestWritesAcrossKeyspaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		a, b := createKeyspace(t, db, "a", mantisdb.KeyspaceOptions{}), createKeyspace(t, db, "b", mantisdb.KeyspaceOptions{})
		key := []byte("\x00k")
		var writers, readers sync.WaitGroup
		done := make(chan struct{})
		for range 2 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					snap, err := db.Snapshot()
					ok(t, err)
					x, _ := snap.In(a).Get(key)
					y, _ := snap.In(b).Get(key)
					z, _ := snap.Get(key)
					if string(x) != string(y) || string(x) != string(z) {
						t.Errorf("a has %q, b has %q, the default keyspace %q", x, y, z)
					}
					ok(t, snap.Close())
				}
			})
		}
		writers.Go(func() {
			for i := range 300 {
				var batch mantisdb.Batch
				value := fmt.Append(nil, "batch ", i)
				ok(t, errors.Join(batch.In(a).Put(key, value), batch.In(b).Put(key, value), batch.Put(key, value)))
				ok(t, db.Write(&batch))
			}
		})
		writers.Go(func() {
			for i := range 300 {
				value := fmt.Append(nil, "transaction ", i)
				ok(t, db.Update(func(tx *mantisdb.Tx) error {
					return errors.Join(tx.In(a).Put(key, value), tx.In(b).Put(key, value), tx.Put(key, value))
				}))
			}
		})
		writers.Wait()
		close(done)
		readers.Wait()
	})
}

// TestTxAcrossKeyspaces: what is read in one keyspace decides on a write to another.
func TestTxAcrossKeyspaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		a, b := createKeyspace(t, db, "a", mantisdb.KeyspaceOptions{}), createKeyspace(t, db, "b", mantisdb.KeyspaceOptions{})
		key := []byte("k")
		for what, read := range map[string]func(tx *mantisdb.Tx) error{
			"Get":      func(tx *mantisdb.Tx) error { _, err := tx.In(a).Has(key); return err },
			"Scan":     func(tx *mantisdb.Tx) error { return walk(tx.In(a).Scan(mantisdb.Range{})) },
			"Iterator": func(tx *mantisdb.Tx) error { it := tx.In(a).Iterator(mantisdb.Range{}); it.First(); return it.Close() },
		} {
			tx := db.Begin(true)
			ok(t, read(tx))
			ok(t, tx.In(b).Put(key, []byte("v")))
			ok(t, db.Put(key, []byte(what))) // the same key elsewhere
			ok(t, tx.Commit())

			tx = db.Begin(true)
			ok(t, read(tx))
			ok(t, tx.In(b).Put(key, []byte("w")))
			ok(t, a.Put(key, []byte(what)))
			wantErr(t, what+" and Commit", tx.Commit(), mantisdb.ErrConflict)
			ok(t, a.Delete(key))
		}
		if value, err := b.Get(key); err != nil || string(value) != "v" {
			t.Errorf("b has %q, %v", value, err)
		}
		ok(t, db.Update(func(tx *mantisdb.Tx) error {
			ok(t, tx.In(b).DeleteRange(mantisdb.Range{}))
			ok(t, tx.In(a).Put(key, []byte("1")))
			if has, err := tx.In(b).Has(key); has || err != nil {
				t.Errorf("after DeleteRange b has the key: %v, %v", has, err)
			}
			if all := text(t, tx.In(a).Scan(mantisdb.Range{})); all != `"k"=1` {
				t.Errorf("a has %s", all)
			}
			if all := text(t, tx.In(b).Scan(mantisdb.Range{})); all != "" {
				t.Errorf("b has %s", all)
			}
			return nil
		}))
		if all := text(t, db.Scan(mantisdb.Range{})); !strings.HasPrefix(all, `"k"=`) || strings.Count(all, "=") != 1 {
			t.Errorf("the default keyspace has %s", all)
		}
	})
}

func walk(scan *mantisdb.Scan) error {
	for range scan.All() {
	}
	return scan.Err()
}
