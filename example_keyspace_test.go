package mantisdb_test

import (
	"fmt"
	"log"
	"time"

	"github.com/mantisdb/mantisdb"
)

func ExampleDB_CreateKeyspace() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	users, err := db.CreateKeyspace("users", mantisdb.KeyspaceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := db.CreateKeyspace("sessions", mantisdb.KeyspaceOptions{TTL: time.Hour, MemoryOnly: true})
	if err != nil {
		log.Fatal(err)
	}

	// The same key in three places, written together.
	key := []byte("ada")
	var batch mantisdb.Batch
	for ks, value := range map[*mantisdb.Keyspace]string{users: "Ada Lovelace", sessions: "token", nil: "of the default keyspace"} {
		if err := batch.In(ks).Put(key, []byte(value)); err != nil {
			log.Fatal(err)
		}
	}
	if err := db.Write(&batch); err != nil {
		log.Fatal(err)
	}
	value, err := users.Get(key)
	fmt.Printf("%s %v\n", value, err)
	ttl, err := sessions.TTL(key)
	fmt.Println(ttl > 59*time.Minute, err)

	if err := db.DropKeyspace("sessions"); err != nil {
		log.Fatal(err)
	}
	_, err = sessions.Get(key)
	fmt.Println(err)
	infos, err := db.Keyspaces()
	fmt.Println(len(infos), infos[0].Name, err)
	// Output:
	// Ada Lovelace <nil>
	// true <nil>
	// mantisdb: keyspace was dropped: "sessions"
	// 1 users <nil>
}

func ExampleTx_In() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	jobs, err := db.CreateKeyspace("jobs", mantisdb.KeyspaceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	done, err := db.CreateKeyspace("done", mantisdb.KeyspaceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if err := jobs.Put([]byte("job/1"), []byte("send mail")); err != nil {
		log.Fatal(err)
	}
	finish := func(key []byte) error {
		return db.Update(func(tx *mantisdb.Tx) error {
			job, err := tx.In(jobs).Get(key)
			if err != nil {
				return err
			}
			if err := tx.In(jobs).Delete(key); err != nil {
				return err
			}
			return tx.In(done).Put(key, job)
		})
	}
	fmt.Println(finish([]byte("job/1")))
	fmt.Println(finish([]byte("job/1")))
	value, err := done.Get([]byte("job/1"))
	fmt.Printf("%s %v\n", value, err)
	// Output:
	// <nil>
	// mantisdb: key not found
	// send mail <nil>
}

func ExampleBatch_SetAppliedIndex() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	commands := []string{"set x 1", "set y 2", "set x 3"} // a log that lives elsewhere
	apply := func() error {
		index, err := db.AppliedIndex()
		if err != nil {
			return err
		}
		next := 0
		if index != nil {
			if _, err := fmt.Sscan(string(index), &next); err != nil {
				return err
			}
		}
		for ; next < len(commands); next++ {
			var name, value string
			if _, err := fmt.Sscanf(commands[next], "set %s %s", &name, &value); err != nil {
				return err
			}
			var batch mantisdb.Batch
			if err := batch.Put([]byte(name), []byte(value)); err != nil {
				return err
			}
			if err := batch.SetAppliedIndex(fmt.Append(nil, next+1)); err != nil {
				return err
			}
			if err := db.Write(&batch); err != nil { // both, or neither
				return err
			}
		}
		return nil
	}
	fmt.Println(apply())
	index, err := db.AppliedIndex()
	fmt.Printf("%s %v\n", index, err)
	// Output:
	// <nil>
	// 3 <nil>
}

func ExampleDB_Iterator() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for _, key := range []string{"berlin", "hamburg", "köln", "münchen"} {
		if err := db.Put([]byte(key), nil); err != nil {
			log.Fatal(err)
		}
	}
	it := db.Iterator(mantisdb.Range{KeysOnly: true})
	defer it.Close()
	if it.Seek([]byte("k")) {
		fmt.Printf("at or behind k: %s\n", it.Key())
	}
	if it.Prev() {
		fmt.Printf("before it: %s\n", it.Key())
	}
	if it.Last() {
		fmt.Printf("the last: %s\n", it.Key())
	}
	fmt.Println(it.Next(), it.Err())
	// Output:
	// at or behind k: köln
	// before it: hamburg
	// the last: münchen
	// false <nil>
}

func ExampleDB_DeleteRange() {
	db := open()
	defer db.Close()
	fill(db, "session/1", "old", "session/2", "old", "user/1", "Ada")

	// All at once, however many there are.
	if err := db.DeleteRange(mantisdb.Prefix([]byte("session/"))); err != nil {
		log.Fatal(err)
	}
	// In a batch, what is written after it stays.
	var batch mantisdb.Batch
	err := batch.DeleteRange(mantisdb.Range{Start: []byte("user/"), End: []byte("user/9")})
	if err == nil {
		err = batch.Put([]byte("user/2"), []byte("Grace"))
	}
	if err == nil {
		err = db.Write(&batch)
	}
	if err != nil {
		log.Fatal(err)
	}
	scan := db.Scan(mantisdb.Range{})
	for key, value := range scan.All() {
		fmt.Printf("%s: %s\n", key, value)
	}
	fmt.Println(scan.Err())
	// Output:
	// user/2: Grace
	// <nil>
}
