package mantisdb_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// The benchmarks run on each engine of the build, in memory, with keys of 16
// and values of 100 bytes.
const (
	benchKeys     = 1_000_000
	benchKeyLen   = 16
	benchValueLen = 100
)

// setBenchKey writes the number of a key into it; keys sort as their numbers do.
func setBenchKey(key []byte, number uint64) {
	binary.BigEndian.PutUint64(key[benchKeyLen-8:], number)
}

func newBenchKey() []byte {
	return append(make([]byte, 0, benchKeyLen), "bench/k/\x00\x00\x00\x00\x00\x00\x00\x00"...)
}

// randomBenchKey is a key number below benchKeys.
func randomBenchKey(random *rand.PCG) uint64 {
	number, _ := bits.Mul64(random.Uint64(), benchKeys)
	return number
}

// benchEngines runs a benchmark on a database of each engine in the build,
// filled by load once however often the benchmark is repeated.
func benchEngines(b *testing.B, load func(*testing.B, *mantisdb.DB), run func(*testing.B, *mantisdb.DB)) {
	for _, engine := range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		var db *mantisdb.DB
		b.Run(engine, func(b *testing.B) {
			if db == nil {
				db = openBench(b, engine)
				load(b, db)
			}
			b.ReportAllocs()
			b.ResetTimer()
			run(b, db)
		})
		if db != nil {
			db.Close()
		}
	}
}

// openBench skips the benchmark if the build lacks the engine.
func openBench(b *testing.B, engine string) *mantisdb.DB {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: engine})
	if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// loadRing writes benchKeys keys in random order, of which each value begins
// with the number of the next key of a ring through all of them. The ring's
// order is another one than that of the writes: entries that are read one after
// the other must not happen to be neighbours in memory.
func loadRing(b *testing.B, db *mantisdb.DB) {
	random := rand.New(rand.NewPCG(1, 0))
	ring := random.Perm(benchKeys)
	next := make([]int, benchKeys)
	for i, number := range ring {
		next[number] = ring[(i+1)%benchKeys]
	}
	var batch mantisdb.Batch
	key, value := newBenchKey(), make([]byte, benchValueLen)
	for i, number := range random.Perm(benchKeys) {
		setBenchKey(key, uint64(number))
		binary.LittleEndian.PutUint64(value, uint64(next[number]))
		if err := batch.Put(key, value); err != nil {
			b.Fatal(err)
		}
		if batch.Len() == 1000 || i == benchKeys-1 {
			if err := db.Write(&batch); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
}

// reportRate reports keys a second, to compare what handles one key an
// operation with what handles many.
func reportRate(b *testing.B, keysPerOperation int) {
	b.ReportMetric(float64(b.N)*float64(keysPerOperation)/b.Elapsed().Seconds(), "keys/s")
}

// BenchmarkGetRandom1M reads single keys on one goroutine. Which key is read
// next is known only from the value of the last, so that no two reads overlap
// and the time is the latency.
func BenchmarkGetRandom1M(b *testing.B) {
	benchEngines(b, loadRing, func(b *testing.B, db *mantisdb.DB) {
		key, value := newBenchKey(), make([]byte, 0, benchValueLen)
		var next uint64
		for b.Loop() {
			setBenchKey(key, next)
			var err error
			value, err = db.AppendGet(value[:0], key)
			if err != nil || len(value) != benchValueLen {
				b.Fatalf("key %d: %d bytes, %v", next, len(value), err)
			}
			next = binary.LittleEndian.Uint64(value)
		}
		reportRate(b, 1)
	})
}

// BenchmarkMultiGet100 reads 100 random keys a call; an operation is a call.
func BenchmarkMultiGet100(b *testing.B) {
	const keysPerCall = 100
	benchEngines(b, loadRing, func(b *testing.B, db *mantisdb.DB) {
		random := rand.NewPCG(1, 1)
		keys := make([][]byte, keysPerCall)
		for i := range keys {
			keys[i] = newBenchKey()
		}
		var values mantisdb.Values
		for b.Loop() {
			for _, key := range keys {
				setBenchKey(key, randomBenchKey(random))
			}
			if err := db.MultiGetInto(&values, keys); err != nil {
				b.Fatal(err)
			}
			for i := range keys {
				if value, found := values.At(i); !found || len(value) != benchValueLen {
					b.Fatalf("key %q: %d bytes, found %v", keys[i], len(value), found)
				}
			}
		}
		reportRate(b, keysPerCall)
	})
}

// BenchmarkPut writes new keys in random order. After each benchKeys of them it
// goes on with an empty database, lest the time depend on how long it runs.
func BenchmarkPut(b *testing.B) {
	for _, engine := range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		b.Run(engine, func(b *testing.B) {
			db := openBench(b, engine)
			defer func() { db.Close() }()
			order := rand.New(rand.NewPCG(1, 2)).Perm(benchKeys)
			key, value := newBenchKey(), make([]byte, benchValueLen)
			b.ReportAllocs()
			written := 0
			for b.Loop() {
				if written == benchKeys {
					b.StopTimer()
					db.Close()
					db = openBench(b, engine)
					written = 0
					b.StartTimer()
				}
				setBenchKey(key, uint64(order[written]))
				written++
				if err := db.Put(key, value); err != nil {
					b.Fatal(err)
				}
			}
			reportRate(b, 1)
		})
	}
}

// BenchmarkOverwrite writes keys at random that have a value.
func BenchmarkOverwrite(b *testing.B) {
	benchEngines(b, loadRing, func(b *testing.B, db *mantisdb.DB) {
		random := rand.NewPCG(1, 3)
		key, value := newBenchKey(), make([]byte, benchValueLen)
		for b.Loop() {
			setBenchKey(key, randomBenchKey(random))
			if err := db.Put(key, value); err != nil {
				b.Fatal(err)
			}
		}
		reportRate(b, 1)
	})
}

// BenchmarkScan walks over all keys, again and again; an operation is a key.
func BenchmarkScan(b *testing.B) {
	benchEngines(b, loadRing, func(b *testing.B, db *mantisdb.DB) {
		for n := 0; n < b.N; {
			begin := n
			scan := db.Scan(mantisdb.Range{})
			for _, value := range scan.All() {
				if len(value) != benchValueLen {
					b.Fatalf("a value of %d bytes", len(value))
				}
				if n++; n == b.N {
					break
				}
			}
			if err := scan.Err(); err != nil || n < b.N && n-begin != benchKeys {
				b.Fatalf("%d keys, %v", n-begin, err)
			}
		}
		reportRate(b, 1)
	})
}

// BenchmarkScanSome walks some entries from a random key on; an operation is a scan. It leaves
// the loop, or says beforehand how many it wants.
func BenchmarkScanSome(b *testing.B) {
	for _, entries := range []int{10, 50, 1000} {
		b.Run(fmt.Sprint("entries=", entries), func(b *testing.B) { benchScansOf(b, entries) })
	}
}

func benchScansOf(b *testing.B, entries int) {
	for _, limit := range []int{0, entries} {
		b.Run(fmt.Sprint("limit=", limit), func(b *testing.B) {
			benchEngines(b, loadRing, func(b *testing.B, db *mantisdb.DB) {
				random := rand.NewPCG(1, 6)
				key := newBenchKey()
				for b.Loop() {
					setBenchKey(key, randomBenchKey(random)%(benchKeys-uint64(entries)))
					left := entries
					scan := db.Scan(mantisdb.Range{Start: key, Limit: limit})
					for range scan.All() {
						if left--; left == 0 {
							break
						}
					}
					if err := scan.Err(); err != nil || left != 0 {
						b.Fatalf("%d of %d entries are missing, %v", left, entries, err)
					}
				}
				reportRate(b, entries)
			})
		})
	}
}

// BenchmarkDeleteRange deletes a thousand of a million keys at a time, and reads keys
// at random, while a snapshot keeps so many earlier deletions from being carried out.
func BenchmarkDeleteRange(b *testing.B) {
	for _, earlier := range []int{0, 100, 10_000} {
		b.Run(fmt.Sprint("after=", earlier), func(b *testing.B) {
			benchEngines(b, func(b *testing.B, db *mantisdb.DB) {
				loadRing(b, db)
				if _, err := db.Snapshot(); err != nil {
					b.Fatal(err)
				}
				for i := range earlier {
					deleteBenchRange(b, db, i, 10)
				}
			}, func(b *testing.B, db *mantisdb.DB) {
				var spent time.Duration
				random := rand.NewPCG(1, 5)
				for i := 0; b.Loop(); i++ {
					start := time.Now()
					deleteBenchRange(b, db, i, 1000)
					spent += time.Since(start)
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/deletion")
				const reads = 100_000
				key, start := newBenchKey(), time.Now()
				for range reads {
					setBenchKey(key, randomBenchKey(random))
					if _, err := db.Has(key); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(time.Since(start).Nanoseconds())/reads, "ns/read")
			})
		})
	}
}

// deleteBenchRange deletes the i-th range of so many keys, going round.
func deleteBenchRange(b *testing.B, db *mantisdb.DB, i, keys int) {
	start, end := newBenchKey(), newBenchKey()
	first := uint64(i * keys % benchKeys)
	setBenchKey(start, first)
	setBenchKey(end, first+uint64(keys))
	if err := db.DeleteRange(mantisdb.Range{Start: start, End: end}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkKeyspace reads and overwrites one key of the default keyspace and one of a
// keyspace with a name, whose keys are stored with a prefix.
func BenchmarkKeyspace(b *testing.B) {
	const name = "named"
	load := func(b *testing.B, db *mantisdb.DB) {
		ks, err := db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
		if err != nil {
			b.Fatal(err)
		}
		for _, ks := range []*mantisdb.Keyspace{ks, db.DefaultKeyspace()} {
			if err := ks.Put(newBenchKey(), make([]byte, benchValueLen)); err != nil {
				b.Fatal(err)
			}
		}
	}
	benchEngines(b, load, func(b *testing.B, db *mantisdb.DB) {
		named, err := db.Keyspace(name)
		if err != nil {
			b.Fatal(err)
		}
		key, value := newBenchKey(), make([]byte, benchValueLen)
		for what, ks := range map[string]*mantisdb.Keyspace{"default": db.DefaultKeyspace(), name: named} {
			b.Run(what+" get", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if value, err = ks.AppendGet(value[:0], key); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(what+" put", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := ks.Put(key, value); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
