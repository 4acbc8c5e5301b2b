// Command consumer is a small program over the public library, as a user of it
// would write one. It prints what it sees; the output is the same with every
// engine and every way to link it. The one argument is the engine that the build
// is expected to have by default.
//
// scripts/test-consumers.sh copies it into modules of their own.
package main

import (
	"context"
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
	for _, step := range []func(*mantisdb.DB) error{single, batch, scan, ttl, snapshot, keyspaces, iterator, watch} {
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

// keyspaces moves a value between two keyspaces in a transaction, and drops one.
func keyspaces(db *mantisdb.DB) error {
	from, err := db.CreateKeyspace("from", mantisdb.KeyspaceOptions{})
	if err != nil {
		return err
	}
	to, err := db.CreateKeyspace("to", mantisdb.KeyspaceOptions{TTL: time.Hour, MemoryOnly: true})
	if err != nil {
		return err
	}
	key := []byte("\x00key")
	if err := from.Put(key, []byte("moved")); err != nil {
		return err
	}
	err = db.Update(func(tx *mantisdb.Tx) error {
		value, err := tx.In(from).Get(key)
		if err != nil {
			return err
		}
		return errors.Join(tx.In(from).Delete(key), tx.In(to).Put(key, value), tx.SetAppliedIndex([]byte("7")))
	})
	if err != nil {
		return err
	}
	found, err := from.Has(key)
	fmt.Println("left behind:", found, err)
	value, err := to.Get(key)
	fmt.Printf("arrived: %q %v\n", value, err)
	index, err := db.AppliedIndex()
	fmt.Printf("applied index: %q %v\n", index, err)
	if err := db.DropKeyspace("from"); err != nil {
		return err
	}
	fmt.Println("put into a dropped keyspace:", from.Put(key, nil))
	infos, err := db.Keyspaces()
	fmt.Printf("keyspaces: %+v %v\n", infos, err)
	return nil
}

func iterator(db *mantisdb.DB) error {
	it := db.Iterator(mantisdb.Prefix([]byte("item/")))
	defer it.Close()
	found := it.Seek([]byte("item/007")) // which was deleted
	fmt.Printf("seek: %v %s\n", found, it.Key())
	found = it.Prev()
	fmt.Printf("prev: %v %s\n", found, it.Key())
	return it.Err()
}

func watch(db *mantisdb.DB) error {
	w, err := db.Watch(mantisdb.Prefix([]byte("item/")), 0)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := db.Put([]byte("apple"), nil); err != nil { // outside of what is watched
		return err
	}
	n, err := db.Increment([]byte("item/n"), 5)
	fmt.Println("increment:", n, err)
	if err := db.DeleteRange(mantisdb.Range{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range 2 {
		c, err := w.Next(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("change: %d %q %q %q\n", c.Kind, c.Key, c.Value, c.End)
	}
	return nil
}
