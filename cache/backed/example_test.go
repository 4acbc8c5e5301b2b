package backed_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/cache/backed"
)

// A store is anything with three methods; newMapStore's is a map. See package dbstore for
// a MantisDB database.
func ExampleThrough() {
	c, err := cache.New(cache.Options{Budget: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	store := newMapStore()
	through, err := backed.NewThrough(c, store, backed.Options{NegativeTTL: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := through.Set(ctx, []byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(store.value("greeting")) // it is there already
	value, err := through.Get(ctx, []byte("greeting"))
	fmt.Printf("%s %v\n", value, err)
	// Output:
	// hello
	// hello <nil>
}

func ExampleBehind() {
	c, err := cache.New(cache.Options{Budget: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	store := newMapStore()
	behind, err := backed.NewBehind(c, store, backed.BehindOptions{Interval: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for _, value := range []string{"1", "2", "3"} {
		if err := behind.Set(ctx, []byte("visits"), []byte(value)); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%q\n", store.value("visits")) // it is not there yet
	if err := behind.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q in %d write\n", store.value("visits"), behind.Queue().Written)
	// Output:
	// ""
	// "3" in 1 write
}
