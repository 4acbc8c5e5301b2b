package dbstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
	"github.com/mantisdb/mantisdb/cache/backed/dbstore"
)

// A cache before a database, to which it writes behind.
func Example() {
	db, err := mantisdb.Open("", nil) // or a directory
	if err != nil {
		log.Fatal(err)
	}
	c, err := cache.New(cache.Options{Budget: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	behind, err := backed.NewBehind(c, dbstore.New(db, nil), backed.BehindOptions{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := behind.Set(ctx, []byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	value, err := behind.Get(ctx, []byte("greeting")) // from the cache
	fmt.Printf("%s %v\n", value, err)

	// Behind first: then the database has everything.
	if err := behind.Close(ctx); err != nil {
		log.Fatal(err)
	}
	value, err = db.Get([]byte("greeting"))
	fmt.Printf("%s %v\n", value, err)
	if err := c.Close(); err != nil {
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// hello <nil>
	// hello <nil>
}
