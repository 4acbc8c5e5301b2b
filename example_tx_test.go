package mantisdb_test

import (
	"errors"
	"fmt"
	"log"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
)

func ExampleDB_Update() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for _, account := range []string{"alice", "bob"} {
		if err := db.Put([]byte(account), []byte("100")); err != nil {
			log.Fatal(err)
		}
	}

	balance := func(tx *mantisdb.Tx, account string) (int, error) {
		value, err := tx.Get([]byte(account))
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(string(value))
	}
	pay := func(from, to string, amount int) error {
		return db.Update(func(tx *mantisdb.Tx) error { // runs again after a conflict
			a, err := balance(tx, from)
			if err != nil {
				return err
			}
			b, err := balance(tx, to)
			if err != nil {
				return err
			}
			if a < amount {
				return errors.New(from + " has not enough")
			}
			if err := tx.Put([]byte(from), fmt.Append(nil, a-amount)); err != nil {
				return err
			}
			return tx.Put([]byte(to), fmt.Append(nil, b+amount))
		})
	}
	fmt.Println(pay("alice", "bob", 70))
	fmt.Println(pay("alice", "bob", 70))
	err = db.View(func(tx *mantisdb.Tx) error {
		scan := tx.Scan(mantisdb.Range{})
		for account, value := range scan.All() {
			fmt.Printf("%s: %s\n", account, value)
		}
		return scan.Err()
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// alice has not enough
	// alice: 30
	// bob: 170
}

func ExampleTx() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	tx := db.Begin(true)
	defer tx.Discard() // does nothing after Commit
	if _, err := tx.Get([]byte("name")); !errors.Is(err, mantisdb.ErrNotFound) {
		log.Fatal(err)
	}
	if err := tx.Put([]byte("name"), []byte("mine")); err != nil {
		log.Fatal(err)
	}
	// Somebody takes the name meanwhile: that it was absent does not hold any more.
	if err := db.Put([]byte("name"), []byte("theirs")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(tx.Commit(), mantisdb.ErrConflict))
	// Output: true
}

func ExampleDB_Increment() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	visits := []byte("visits")
	for _, by := range []int64{1, 1, 40} {
		n, err := db.Increment(visits, by)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(n)
	}
	length, err := db.Append(visits, []byte(" so far"))
	fmt.Println(length, err)
	_, err = db.Increment(visits, 1)
	fmt.Println(errors.Is(err, mantisdb.ErrNotANumber))
	// Output:
	// 1
	// 2
	// 42
	// 9 <nil>
	// true
}

func ExampleDB_CompareAndSwap() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	state := []byte("job/7")
	if err := db.Put(state, []byte("waiting")); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		taken, err := db.CompareAndSwap(state, []byte("waiting"), []byte("running"), mantisdb.WriteOptions{})
		fmt.Println(taken, err)
	}
	before, existed, err := db.GetAndPut(state, []byte("done"), mantisdb.WriteOptions{TTL: time.Hour})
	fmt.Printf("%s %v %v\n", before, existed, err)
	last, err := db.GetAndDelete(state)
	fmt.Printf("%s %v\n", last, err)
	// Output:
	// true <nil>
	// false <nil>
	// running true <nil>
	// done <nil>
}

func ExampleDB_CompareVersionAndSwap() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	key := []byte("document")
	first, swapped, err := db.CompareVersionAndSwap(key, 0, []byte("draft"), mantisdb.WriteOptions{}) // 0: if absent
	fmt.Println(swapped, err)
	_, swapped, err = db.CompareVersionAndSwap(key, first, []byte("final"), mantisdb.WriteOptions{})
	fmt.Println(swapped, err)
	_, swapped, err = db.CompareVersionAndSwap(key, first, []byte("too late"), mantisdb.WriteOptions{})
	fmt.Println(swapped, err)
	// Output:
	// true <nil>
	// true <nil>
	// false <nil>
}

func ExampleDB_Expire() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	session := []byte("session")
	fmt.Println(errors.Is(db.Expire(session, time.Minute), mantisdb.ErrNotFound))
	if err := db.Put(session, []byte("alice")); err != nil {
		log.Fatal(err)
	}
	if err := db.Expire(session, time.Minute); err != nil {
		log.Fatal(err)
	}
	ttl, err := db.TTL(session)
	fmt.Println(ttl.Round(time.Minute), err)
	if err := db.Persist(session); err != nil {
		log.Fatal(err)
	}
	ttl, err = db.TTL(session)
	fmt.Println(ttl, err)
	// Output:
	// true
	// 1m0s <nil>
	// 0s <nil>
}

func ExampleDB_Modify() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	m := mantisdb.Modification{Kind: mantisdb.ModifyIncrement, By: 5}
	_, done, err := db.Modify([]byte("n"), m, mantisdb.WriteOptions{Durability: mantisdb.DurabilityBuffered})
	fmt.Println(done.Number, done.Existed, err)
	// Output: 5 false <nil>
}

func ExampleDB_GetAndDelete() {
	db := open()
	defer db.Close()

	// Of many that take the job at once, one gets it.
	if _, err := db.Append([]byte("job/1"), []byte("resize,")); err != nil {
		log.Fatal(err)
	}
	length, err := db.Append([]byte("job/1"), []byte("upload"))
	fmt.Println(length, err)
	job, err := db.GetAndDelete([]byte("job/1"))
	fmt.Printf("%s %v\n", job, err)
	_, err = db.GetAndDelete([]byte("job/1"))
	fmt.Println(err)
	// Output:
	// 13 <nil>
	// resize,upload <nil>
	// mantisdb: key not found
}
