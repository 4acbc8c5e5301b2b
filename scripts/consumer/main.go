// Command consumer is a small program over the public library, as a user of it
// would write one. It prints what it sees; the output is the same with every
// engine and every way to link it. The one argument is the engine that the build
// is expected to have by default.
//
// scripts/test-consumers.sh copies it into modules of their own.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mantisdb/mantisdb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: consumer ENGINE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

func run(engine string) error {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		return err
	}
	defer db.Close()
	if db.Engine() != engine {
		return fmt.Errorf("the default engine is %q, want %q", db.Engine(), engine)
	}
	for _, step := range []func(*mantisdb.DB) error{single, batch, scan, ttl, snapshot} {
		if err := step(db); err != nil {
			return err
		}
	}
	if err := db.Close(); err != nil {
		return err
	}
	_, err = db.Get([]byte("apple"))
	fmt.Println("get after close:", err, errors.Is(err, mantisdb.ErrClosed))
	return nil
}

func single(db *mantisdb.DB) error {
	if err := db.Put([]byte("apple"), []byte("red")); err != nil {
		return err
	}
	value, err := db.Get([]byte("apple"))
	fmt.Printf("get: %q %v\n", value, err)
	_, err = db.Get([]byte("absent"))
	fmt.Println("get absent:", err, errors.Is(err, mantisdb.ErrNotFound))
	err = db.Put(nil, []byte("x"))
	fmt.Println("put without a key:", err, errors.Is(err, mantisdb.ErrKeyEmpty))
	return nil
}

func batch(db *mantisdb.DB) error {
	var b mantisdb.Batch
	for i := range 250 {
		if err := b.Put(fmt.Appendf(nil, "item/%03d", i), fmt.Appendf(nil, "value %d", i)); err != nil {
			return err
		}
	}
	if err := b.Delete([]byte("item/007")); err != nil {
		return err
	}
	if err := db.Write(&b); err != nil {
		return err
	}
	values, err := db.MultiGet([]byte("item/000"), []byte("item/007"), []byte("item/249"))
	fmt.Printf("multiget: %q %v\n", values, err)
	return nil
}

func scan(db *mantisdb.DB) error {
	r := mantisdb.Prefix([]byte("item/00"))
	for _, r.Reverse = range []bool{false, true} {
		s := db.Scan(r)
		for key, value := range s.All() {
			fmt.Printf("scan: %s=%s\n", key, value)
		}
		if err := s.Err(); err != nil {
			return err
		}
	}
	count := 0
	all := db.Scan(mantisdb.Range{})
	for range all.All() {
		count++
	}
	fmt.Println("keys:", count)
	return all.Err()
}

func ttl(db *mantisdb.DB) error {
	key := []byte("brief")
	if err := db.PutTTL(key, []byte("x"), time.Minute); err != nil {
		return err
	}
	found, err := db.Has(key)
	fmt.Println("before expiry:", found, err)
	if err := db.PutTTL(key, []byte("x"), time.Millisecond); err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond)
	found, err = db.Has(key)
	fmt.Println("after expiry:", found, err)
	return nil
}

func snapshot(db *mantisdb.DB) error {
	snap, err := db.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Close()
	if err := db.Put([]byte("apple"), []byte("green")); err != nil {
		return err
	}
	then, err := snap.Get([]byte("apple"))
	if err != nil {
		return err
	}
	now, err := db.Get([]byte("apple"))
	fmt.Printf("snapshot: %s, now: %s, %v\n", then, now, err)
	return nil
}
