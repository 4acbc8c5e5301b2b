package mantisdb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestKeyspaceTTL: what names no time to live has the keyspace's.
func TestKeyspaceTTL(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		ks := createKeyspace(t, db, "sessions", mantisdb.KeyspaceOptions{TTL: time.Hour})
		key, value := []byte("k"), []byte("1")
		none := mantisdb.WriteOptions{}
		inBatch := func(fill func(b mantisdb.KeyspaceBatch) error) error {
			var batch mantisdb.Batch
			return errors.Join(fill(batch.In(ks)), db.Write(&batch))
		}
		inTx := func(fill func(tx mantisdb.KeyspaceTx) error) error {
			return db.Update(func(tx *mantisdb.Tx) error { return fill(tx.In(ks)) })
		}
		for what, c := range map[string]struct {
			write func() error
			ttl   time.Duration
		}{
			"Put":                   {func() error { return ks.Put(key, value) }, time.Hour},
			"PutWith":               {func() error { return ks.PutWith(key, value, none) }, time.Hour},
			"PutWith a TTL":         {func() error { return ks.PutWith(key, value, mantisdb.WriteOptions{TTL: time.Minute}) }, time.Minute},
			"PutTTL":                {func() error { return ks.PutTTL(key, value, time.Minute) }, time.Minute},
			"PutIfAbsent":           {func() error { _, err := ks.PutIfAbsent(key, value, 0); return err }, time.Hour},
			"GetAndPut":             {func() error { _, _, err := ks.GetAndPut(key, value, none); return err }, time.Hour},
			"CompareVersionAndSwap": {func() error { _, _, err := ks.CompareVersionAndSwap(key, 0, value, none); return err }, time.Hour},
			"Increment":             {func() error { _, err := ks.Increment(key, 1); return err }, 0},
			"Append":                {func() error { _, err := ks.Append(key, value); return err }, 0},
			"Put and Increment": {func() error {
				err := ks.Put(key, value)
				_, incErr := ks.Increment(key, 1)
				return errors.Join(err, incErr)
			}, time.Hour},
			"Put and Persist": {func() error { return errors.Join(ks.Put(key, value), ks.Persist(key)) }, 0},
			"a batch's Put":   {func() error { return inBatch(func(b mantisdb.KeyspaceBatch) error { return b.Put(key, value) }) }, time.Hour},
			"a batch's PutExpiresAt": {func() error {
				return inBatch(func(b mantisdb.KeyspaceBatch) error { return b.PutExpiresAt(key, value, 0) })
			}, 0},
			"a transaction's Put": {func() error { return inTx(func(tx mantisdb.KeyspaceTx) error { return tx.Put(key, value) }) }, time.Hour},
			"a transaction's PutTTL": {func() error {
				return inTx(func(tx mantisdb.KeyspaceTx) error { return tx.PutTTL(key, value, time.Minute) })
			}, time.Minute},
			"CompareAndSwap": {func() error {
				err := ks.PutTTL(key, value, time.Minute)
				_, swapErr := ks.CompareAndSwap(key, value, value, none)
				return errors.Join(err, swapErr)
			}, time.Hour},
		} {
			ok(t, ks.Delete(key))
			ok(t, c.write())
			ttl, err := ks.TTL(key)
			if err != nil || ttl > c.ttl || ttl < c.ttl-10*time.Second {
				t.Errorf("%s: the value lives for %v, %v, want %v", what, ttl, err, c.ttl)
			}
		}
	})
}

// TestKeyLimitsOfKeyspaces: the limits are the user's, whatever is stored.
func TestKeyLimitsOfKeyspaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		ks := createKeyspace(t, db, "ks", mantisdb.KeyspaceOptions{})
		for _, ks := range []*mantisdb.Keyspace{db.DefaultKeyspace(), ks} {
			var batch mantisdb.Batch
			long := make([]byte, mantisdb.MaxKeyLen+1)
			for what, call := range map[string]func(key []byte) error{
				"Get":           func(key []byte) error { _, err := ks.Get(key); return err },
				"MultiGet":      func(key []byte) error { _, err := ks.MultiGet([]byte("k"), key); return err },
				"Put":           func(key []byte) error { return ks.Put(key, nil) },
				"Delete":        func(key []byte) error { return ks.Delete(key) },
				"Increment":     func(key []byte) error { _, err := ks.Increment(key, 1); return err },
				"a batch's Put": func(key []byte) error { return batch.In(ks).Put(key, nil) },
				"a transaction's": func(key []byte) error {
					return db.Update(func(tx *mantisdb.Tx) error { return tx.In(ks).Put(key, nil) })
				},
			} {
				wantErr(t, what, call(nil), mantisdb.ErrKeyEmpty)
				err := call(long)
				wantErr(t, what, err, mantisdb.ErrKeyTooLarge)
				if !strings.Contains(err.Error(), "65537 bytes, at most 65536") {
					t.Errorf("%s of a long key: %v", what, err)
				}
			}
			wantErr(t, "DeleteRange", ks.DeleteRange(mantisdb.Range{Start: long}), mantisdb.ErrKeyTooLarge)
			ok(t, ks.DeleteRange(mantisdb.Range{Start: long[1:]}))
		}
	})
}

// TestDurabilityOfMemoryOnly: a keyspace of memory only takes every level, and refuses
// what is none.
func TestDurabilityOfMemoryOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		ks, err := db.CreateKeyspace("ks", mantisdb.KeyspaceOptions{MemoryOnly: true})
		ok(t, err)
		key := []byte("key")
		var b mantisdb.Batch
		ok(t, b.In(ks).Put(key, nil))
		writes := map[string]func(o mantisdb.WriteOptions) error{
			"PutWith":         func(o mantisdb.WriteOptions) error { return ks.PutWith(key, nil, o) },
			"DeleteWith":      func(o mantisdb.WriteOptions) error { return ks.DeleteWith(key, o) },
			"DeleteRangeWith": func(o mantisdb.WriteOptions) error { return ks.DeleteRangeWith(mantisdb.Range{}, o) },
			"GetAndPut":       func(o mantisdb.WriteOptions) error { _, _, err := ks.GetAndPut(key, nil, o); return err },
			"Modify": func(o mantisdb.WriteOptions) error {
				_, _, err := ks.Modify(key, mantisdb.Modification{Kind: mantisdb.ModifyTake}, o)
				return err
			},
			"WriteWith": func(o mantisdb.WriteOptions) error { return db.WriteWith(&b, o) },
			"UpdateWith": func(o mantisdb.WriteOptions) error {
				return db.UpdateWith(func(tx *mantisdb.Tx) error { return tx.In(ks).Put(key, nil) }, o)
			},
		}
		for name, write := range writes {
			for d := mantisdb.DurabilityDefault; d <= mantisdb.DurabilityMemory; d++ {
				if err := write(mantisdb.WriteOptions{Durability: d}); err != nil {
					t.Errorf("%s with %v: %v", name, d, err)
				}
			}
			if err := write(mantisdb.WriteOptions{Durability: mantisdb.DurabilityMemory + 1}); !errors.Is(err, mantisdb.ErrInvalidOptions) {
				t.Errorf("%s with a level that does not exist: error %v", name, err)
			}
		}
	})
}
