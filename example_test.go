package mantisdb_test

import (
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/mantisdb/mantisdb"
)

// open opens a database in memory for an example.
func open() *mantisdb.DB {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	return db
}

// fill stores keys with their values.
func fill(db *mantisdb.DB, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if err := db.Put([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
			log.Fatal(err)
		}
	}
}

func Example() {
	db, err := mantisdb.Open("", nil) // in memory; give a directory to keep data
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	if err := db.Put([]byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	value, err := db.Get([]byte("greeting"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", value)

	_, err = db.Get([]byte("farewell"))
	fmt.Println(errors.Is(err, mantisdb.ErrNotFound))
	// Output:
	// hello
	// true
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "mantisdb")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	opts := &mantisdb.Options{Engine: mantisdb.EngineGo}
	db, err := mantisdb.Open(dir, opts)
	if err != nil {
		log.Fatal(err)
	}
	fill(db, "k", "kept")
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}

	db, err = mantisdb.Open(dir, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	value, err := db.Get([]byte("k"))
	fmt.Printf("%s %v\n", value, err)
	// Output: kept <nil>
}

func ExampleOptions() {
	db, err := mantisdb.Open("", &mantisdb.Options{
		Engine: mantisdb.EngineGo,
		Logger: slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	fmt.Println(db.Engine())
	// Output: go
}

func ExampleDB_AppendGet() {
	db := open()
	defer db.Close()
	fill(db, "a", "one", "b", "two")

	var buf []byte // used again for each value
	for _, key := range []string{"a", "b"} {
		var err error
		if buf, err = db.AppendGet(buf[:0], []byte(key)); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", buf)
	}
	// Output:
	// one
	// two
}

func ExampleDB_MultiGet() {
	db := open()
	defer db.Close()
	fill(db, "a", "one", "c", "three")

	values, err := db.MultiGet([]byte("a"), []byte("b"), []byte("c"))
	if err != nil {
		log.Fatal(err)
	}
	for _, value := range values {
		fmt.Printf("%q %v\n", value, value != nil)
	}
	// Output:
	// "one" true
	// "" false
	// "three" true
}

func ExampleDB_PutTTL() {
	db := open()
	defer db.Close()

	if err := db.PutTTL([]byte("session"), []byte("token"), 20*time.Millisecond); err != nil {
		log.Fatal(err)
	}
	time.Sleep(40 * time.Millisecond)
	found, err := db.Has([]byte("session"))
	fmt.Println(found, err)
	// Output: false <nil>
}

func ExampleDB_PutIfAbsent() {
	db := open()
	defer db.Close()

	for _, worker := range []string{"first", "second"} {
		stored, err := db.PutIfAbsent([]byte("lock"), []byte(worker), time.Minute)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(worker, stored)
	}
	// Output:
	// first true
	// second false
}

func ExampleValues() {
	db := open()
	defer db.Close()
	fill(db, "a", "one", "c", "")

	var values mantisdb.Values // used again from call to call
	keys := [][]byte{[]byte("a"), []byte("b"), []byte("c")}
	if err := db.MultiGetInto(&values, keys); err != nil {
		log.Fatal(err)
	}
	for i, key := range keys {
		value, found := values.At(i)
		fmt.Printf("%s %q %v\n", key, value, found)
	}
	// Output:
	// a "one" true
	// b "" false
	// c "" true
}

func ExampleMeta() {
	db := open()
	defer db.Close()
	fill(db, "k", "one", "k", "two")

	_, before, err := db.AppendGetMeta(nil, []byte("k"))
	if err != nil {
		log.Fatal(err)
	}
	if err := db.PutTTL([]byte("k"), []byte("three"), time.Hour); err != nil {
		log.Fatal(err)
	}
	_, after, err := db.AppendGetMeta(nil, []byte("k"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("newer:", after.Version > before.Version)
	fmt.Println("expires:", before.ExpiresAt != 0, after.ExpiresAt != 0)
	// Output:
	// newer: true
	// expires: false true
}

func ExampleBatch() {
	db := open()
	defer db.Close()
	fill(db, "alice", "10", "bob", "0")

	var batch mantisdb.Batch
	for _, err := range []error{
		batch.Put([]byte("alice"), []byte("7")),
		batch.Put([]byte("bob"), []byte("3")),
		batch.PutTTL([]byte("receipt"), []byte("alice to bob: 3"), time.Hour),
	} {
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := db.Write(&batch); err != nil { // all of it or nothing
		log.Fatal(err)
	}
	scan := db.Scan(mantisdb.Range{})
	for key, value := range scan.All() {
		fmt.Printf("%s: %s\n", key, value)
	}
	fmt.Println(batch.Len(), scan.Err())
	// Output:
	// alice: 7
	// bob: 3
	// receipt: alice to bob: 3
	// 3 <nil>
}

func ExampleScan() {
	db := open()
	defer db.Close()
	fill(db, "user/1", "ann", "user/2", "ben", "user/3", "cleo", "zebra", "")

	scan := db.Scan(mantisdb.Prefix([]byte("user/")))
	for key, value := range scan.All() {
		fmt.Printf("%s = %s\n", key, value)
	}
	if err := scan.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// user/1 = ann
	// user/2 = ben
	// user/3 = cleo
}

func ExampleRange() {
	db := open()
	defer db.Close()
	fill(db, "a", "1", "b", "2", "c", "3", "d", "4")

	scan := db.Scan(mantisdb.Range{Start: []byte("b"), End: []byte("d"), Reverse: true})
	for key, value := range scan.All() {
		fmt.Printf("%s = %s\n", key, value)
	}
	if err := scan.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// c = 3
	// b = 2
}

func ExampleEntry() {
	db := open()
	defer db.Close()
	fill(db, "a", "1")
	if err := db.PutTTL([]byte("b"), []byte("2"), time.Hour); err != nil {
		log.Fatal(err)
	}

	scan := db.Scan(mantisdb.Range{})
	for entry := range scan.Entries() {
		fmt.Printf("%s = %s, expires: %v\n", entry.Key, entry.Value, entry.ExpiresAt != 0)
	}
	if err := scan.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// a = 1, expires: false
	// b = 2, expires: true
}

func ExampleSnapshot() {
	db := open()
	defer db.Close()
	fill(db, "k", "before")

	snap, err := db.Snapshot()
	if err != nil {
		log.Fatal(err)
	}
	defer snap.Close()
	fill(db, "k", "after", "new", "")

	value, err := snap.Get([]byte("k"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", value)
	scan := snap.Scan(mantisdb.Range{KeysOnly: true})
	for key := range scan.All() {
		fmt.Printf("%s\n", key)
	}
	fmt.Println(scan.Err())
	// Output:
	// before
	// k
	// <nil>
}

func ExampleStats() {
	db := open()
	defer db.Close()
	fill(db, "a", "1", "b", "2")
	if err := db.Delete([]byte("a")); err != nil {
		log.Fatal(err)
	}

	stats, err := db.Stats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("keys:", stats.Keys)
	fmt.Println("puts:", stats.Puts, "deletes:", stats.Deletes)
	// Output:
	// keys: 1
	// puts: 2 deletes: 1
}
