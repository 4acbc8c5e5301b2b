// Package transaction compares what engines promise beyond single reads and writes:
//
//	go test -tags rust -bench . -benchtime 3s ./internal/transaction
//
// Stores are in a directory, and no write waits for the disk. Eight goroutines.
package transaction

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/dgraph-io/badger/v4"
	"github.com/mantisdb/mantisdb"
)

const (
	keys       = 100_000
	scanned    = 1_000_000
	valueLen   = 100
	goroutines = 8
)

func keyOf(i uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8, 16), i) }

func openMantis(b *testing.B) *mantisdb.DB {
	o := mantisdb.Options{Engine: mantisdb.EngineRust, Durability: mantisdb.DurabilityBuffered, MemoryLimit: 1 << 30}
	db, err := mantisdb.Open(b.TempDir(), &o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func openBadger(b *testing.B) *badger.DB {
	db, err := badger.Open(badger.DefaultOptions(b.TempDir()).WithSyncWrites(false).WithLogger(nil))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// parallel runs one from eight goroutines.
func parallel(b *testing.B, one func(random *rand.Rand) error) {
	b.Helper()
	b.SetParallelism(max(1, goroutines/runtime.GOMAXPROCS(0)))
	var seed atomic.Uint64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		random := rand.New(rand.NewPCG(seed.Add(1), 1))
		for pb.Next() {
			if err := one(random); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkReadWrite is a transaction that reads one random key and writes another.
func BenchmarkReadWrite(b *testing.B) {
	value := make([]byte, valueLen)
	b.Run("mantisdb", func(b *testing.B) {
		db := openMantis(b)
		var batch mantisdb.Batch
		for i := range uint64(keys) {
			_ = batch.Put(keyOf(i), value)
		}
		if err := db.Write(&batch); err != nil {
			b.Fatal(err)
		}
		parallel(b, func(random *rand.Rand) error {
			return db.Update(func(tx *mantisdb.Tx) error {
				var room [2 * valueLen]byte
				if _, err := tx.AppendGet(room[:0], keyOf(random.Uint64N(keys))); err != nil {
					return err
				}
				return tx.Put(keyOf(random.Uint64N(keys)), value)
			})
		})
	})
	b.Run("badger", func(b *testing.B) {
		db := openBadger(b)
		batch := db.NewWriteBatch()
		for i := range uint64(keys) {
			_ = batch.Set(keyOf(i), value)
		}
		if err := batch.Flush(); err != nil {
			b.Fatal(err)
		}
		parallel(b, func(random *rand.Rand) error {
			return badgerUpdate(db, func(tx *badger.Txn) error {
				item, err := tx.Get(keyOf(random.Uint64N(keys)))
				if err != nil {
					return err
				}
				var room [2 * valueLen]byte
				if _, err := item.ValueCopy(room[:0]); err != nil {
					return err
				}
				return tx.Set(keyOf(random.Uint64N(keys)), value)
			})
		})
	})
}

// badgerUpdate is Update that runs a transaction anew after a conflict.
func badgerUpdate(db *badger.DB, fn func(*badger.Txn) error) error {
	for {
		if err := db.Update(fn); !errors.Is(err, badger.ErrConflict) {
			return err
		}
	}
}

// BenchmarkIncrement counts one number up.
func BenchmarkIncrement(b *testing.B) {
	key := []byte("counter")
	b.Run("mantisdb", func(b *testing.B) {
		db := openMantis(b)
		parallel(b, func(*rand.Rand) error {
			_, err := db.Increment(key, 1)
			return err
		})
		if n, err := db.Increment(key, 0); err != nil || n != int64(b.N) {
			b.Fatalf("%d, %v, want %d", n, err, b.N)
		}
	})
	b.Run("badger", func(b *testing.B) {
		db := openBadger(b)
		parallel(b, func(*rand.Rand) error {
			return badgerUpdate(db, func(tx *badger.Txn) error {
				n := int64(0)
				item, err := tx.Get(key)
				if err == nil {
					err = item.Value(func(value []byte) error {
						n, err = strconv.ParseInt(string(value), 10, 64)
						return err
					})
				} else if errors.Is(err, badger.ErrKeyNotFound) {
					err = nil
				}
				if err != nil {
					return err
				}
				return tx.Set(key, strconv.AppendInt(nil, n+1, 10))
			})
		})
	})
}

// BenchmarkScan walks a million entries; an operation is one of them.
func BenchmarkScan(b *testing.B) {
	value := make([]byte, valueLen)
	b.Run("mantisdb", func(b *testing.B) {
		db := openMantis(b)
		for i := range uint64(scanned) {
			if err := db.Put(keyOf(i*7919%scanned), value); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Compact(); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for left := b.N; left > 0; {
			scan := db.Scan(mantisdb.Range{})
			for range scan.All() {
				if left--; left == 0 {
					break
				}
			}
			if err := scan.Err(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pebble", func(b *testing.B) {
		cache := pebble.NewCache(768 << 20)
		defer cache.Unref()
		db, err := pebble.Open(b.TempDir(), &pebble.Options{Cache: cache, MemTableSize: 64 << 20})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		for i := range uint64(scanned) {
			if err := db.Set(keyOf(i*7919%scanned), value, pebble.NoSync); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Compact(b.Context(), keyOf(0), keyOf(scanned), true); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for left := b.N; left > 0; {
			iter, err := db.NewIter(nil)
			if err != nil {
				b.Fatal(err)
			}
			for ok := iter.First(); ok; ok = iter.Next() {
				_, _ = iter.Key(), iter.Value()
				if left--; left == 0 {
					break
				}
			}
			if err := iter.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPutUnderSnapshots overwrites random keys while snapshots are open.
func BenchmarkPutUnderSnapshots(b *testing.B) {
	value := make([]byte, valueLen)
	for _, open := range []int{0, 1, 10} {
		b.Run(fmt.Sprint(open), func(b *testing.B) {
			db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineRust})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			for i := range uint64(keys) {
				if err := db.Put(keyOf(i), value); err != nil {
					b.Fatal(err)
				}
				if open > 0 && i%(keys/uint64(open)) == 0 {
					snapshot, err := db.Snapshot()
					if err != nil {
						b.Fatal(err)
					}
					defer snapshot.Close()
				}
			}
			parallel(b, func(random *rand.Rand) error { return db.Put(keyOf(random.Uint64N(keys)), value) })
		})
	}
}
