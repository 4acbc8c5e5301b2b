package mantisdb_test

import (
	"context"
	"fmt"

	"github.com/mantisdb/mantisdb"
)

// To follow a state without a gap: watch, read, and take the changes that the read did
// not see.
func ExampleDB_Watch() {
	db, err := mantisdb.Open("", nil)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	check(db.Put([]byte("stock/apples"), []byte("3")))

	stock := mantisdb.Prefix([]byte("stock/"))
	watch, err := db.Watch(stock, 0)
	check(err)
	defer watch.Close()
	check(db.Put([]byte("stock/pears"), []byte("5"))) // while the state is being read

	snapshot, err := db.Snapshot()
	check(err)
	copied := make(map[string]string)
	scan := snapshot.Scan(stock)
	for key, value := range scan.All() {
		copied[string(key)] = string(value)
	}
	check(scan.Err())
	check(snapshot.Close())
	fmt.Println(copied)

	check(db.Put([]byte("stock/apples"), []byte("2")))
	check(db.Put([]byte("orders/1"), []byte("one apple"))) // not watched
	check(db.Delete([]byte("stock/pears")))

	for change, err := range watch.Changes(context.Background()) {
		check(err)
		if change.Version <= snapshot.Version() {
			continue // the snapshot had it
		}
		switch change.Kind {
		case mantisdb.ChangePut:
			copied[string(change.Key)] = string(change.Value)
		case mantisdb.ChangeDelete:
			delete(copied, string(change.Key))
		}
		if len(copied) == 1 {
			break
		}
	}
	fmt.Println(copied)
	// Output:
	// map[stock/apples:3 stock/pears:5]
	// map[stock/apples:2]
}
