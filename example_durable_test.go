package mantisdb_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mantisdb/mantisdb"
)

// A write may wait for the disk, for the operating system, or for nothing.
func ExampleWriteOptions() {
	dir, err := os.MkdirTemp("", "mantisdb-example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := mantisdb.Open(filepath.Join(dir, "data"), &mantisdb.Options{Durability: mantisdb.DurabilityBuffered})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	// The database's own level, for what may be lost with the power.
	if err := db.Put([]byte("visits"), []byte("17")); err != nil {
		log.Fatal(err)
	}
	// On disk when it returns.
	payment := mantisdb.WriteOptions{Durability: mantisdb.DurabilitySync}
	if err := db.PutWith([]byte("payment/1"), []byte("paid"), payment); err != nil {
		log.Fatal(err)
	}
	// All of it on disk.
	if err := db.Sync(); err != nil {
		log.Fatal(err)
	}
	stats, err := db.Stats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Durability, stats.Puts)
	// Output: buffered 2
}

func ExampleDB_Backup() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := db.Put([]byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	var stream bytes.Buffer // or a file, or a connection
	saved, err := db.Backup(context.Background(), &stream)
	if err != nil {
		log.Fatal(err)
	}

	parent, err := os.MkdirTemp("", "mantisdb-example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "restored")
	restored, err := mantisdb.Restore(context.Background(), dir, nil, &stream)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(saved.Entries, restored.Entries)
	// Output: 1 1
}

func ExampleDB_Checkpoint() {
	parent, err := os.MkdirTemp("", "mantisdb-example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	db, err := mantisdb.Open(filepath.Join(parent, "data"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := db.Put([]byte("k"), []byte("before")); err != nil {
		log.Fatal(err)
	}
	if err := db.Checkpoint(filepath.Join(parent, "copy")); err != nil {
		log.Fatal(err)
	}
	if err := db.Put([]byte("k"), []byte("after")); err != nil {
		log.Fatal(err)
	}

	copied, err := mantisdb.Open(filepath.Join(parent, "copy"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer copied.Close()
	value, err := copied.Get([]byte("k"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", value)
	// Output: before
}
