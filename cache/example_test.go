package cache_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

func newCache(o cache.Options) *cache.Cache {
	o.Budget = 1 << 20 // bytes
	c, err := cache.New(o)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func Example() {
	c := newCache(cache.Options{})
	defer c.Close()

	if err := c.SetTTL([]byte("session/1"), []byte("Ada"), time.Hour); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", must(c.Get([]byte("session/1"))))
	_, err := c.Get([]byte("session/2"))
	fmt.Println(errors.Is(err, cache.ErrNotFound))
	// Output:
	// Ada
	// true
}

// A buffer that is used again makes reads that allocate nothing.
func ExampleCache_AppendGet() {
	c := newCache(cache.Options{})
	defer c.Close()
	if err := c.Set([]byte("greeting"), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 0, 1024)
	for range 3 {
		buf = must(c.AppendGet(buf[:0], []byte("greeting")))
		fmt.Printf("%s\n", buf)
	}
	// Output:
	// hello
	// hello
	// hello
}

// What is shown of a user depends on the user and on their team: dropping either tag drops
// it.
func ExampleCache_DeleteTag() {
	c := newCache(cache.Options{})
	defer c.Close()
	page := cache.EntryOptions{TTL: time.Hour, Tags: []string{"user/1", "team/7"}}
	if err := c.SetWith([]byte("page/1"), []byte("<html>"), page); err != nil {
		log.Fatal(err)
	}
	fmt.Println(must(c.DeleteTag("team/7")), must(c.Has([]byte("page/1"))))
	// Output: 1 false
}

func ExampleCache_DeletePrefix() {
	c := newCache(cache.Options{Ordered: true})
	defer c.Close()
	for _, key := range []string{"user/1/name", "user/1/mail", "user/2/name"} {
		if err := c.Set([]byte(key), []byte("value")); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(must(c.DeletePrefix([]byte("user/1/"))))
	// Output: 2
}

func ExampleCache_GetOrLoad() {
	c := newCache(cache.Options{})
	defer c.Close()
	load := func(_ context.Context, key []byte) ([]byte, cache.EntryOptions, error) {
		fmt.Printf("loading %s\n", key)
		return []byte("Ada"), cache.EntryOptions{TTL: time.Minute}, nil
	}
	for range 2 {
		fmt.Printf("%s\n", must(c.GetOrLoad(context.Background(), []byte("user/1"), load)))
	}
	// Output:
	// loading user/1
	// Ada
	// Ada
}

func ExampleCache_GetOrLoadMany() {
	c := newCache(cache.Options{})
	defer c.Close()
	if err := c.Set([]byte("1"), []byte("one")); err != nil {
		log.Fatal(err)
	}
	load := func(_ context.Context, keys [][]byte) ([]cache.Loaded, error) {
		fmt.Printf("loading %s\n", keys)
		loaded := make([]cache.Loaded, len(keys))
		loaded[0] = cache.Loaded{Found: true, Value: []byte("two")}
		return loaded, nil // nothing for the other
	}
	var values cache.Values // to be used again
	keys := [][]byte{[]byte("1"), []byte("2"), []byte("3")}
	if err := c.GetOrLoadMany(context.Background(), &values, keys, load); err != nil {
		log.Fatal(err)
	}
	for i := range values.Len() {
		value, found := values.At(i)
		fmt.Printf("%q %v\n", value, found)
	}
	// Output:
	// loading [2 3]
	// "one" true
	// "two" true
	// "" false
}

func ExampleEviction() {
	c := newCache(cache.Options{OnEvict: func(e cache.Eviction) {
		fmt.Printf("%s = %s: %s\n", e.Key, e.Value, e.Cause)
	}})
	if err := c.Set([]byte("key"), []byte("value")); err != nil {
		log.Fatal(err)
	}
	must(c.Delete([]byte("key")))
	if err := c.Close(); err != nil { // waits for the listener
		log.Fatal(err)
	}
	// Output: key = value: removed
}

func ExampleCache_Stats() {
	c := newCache(cache.Options{})
	defer c.Close()
	if err := c.Set([]byte("key"), []byte("value")); err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"key", "key", "key", "other"} {
		_, _ = c.Get([]byte(key))
	}
	s := must(c.Stats())
	fmt.Println(s.Entries, s.DataBytes, s.HitRatio())
	// Output: 1 8 0.75
}

func ExampleTyped() {
	type user struct{ Name, Mail string }
	c := newCache(cache.Options{})
	defer c.Close()
	users := cache.NewTyped(c, cache.Prefixed[int]{Prefix: "user/", Codec: cache.Int[int]{}}, cache.JSON[user]{})

	if err := users.SetTTL(1, user{"Ada", "ada@example.com"}, time.Hour); err != nil {
		log.Fatal(err)
	}
	fmt.Println(must(users.Get(1)).Name)
	grace := must(users.GetOrLoad(context.Background(), 2, func(context.Context, int) (user, cache.EntryOptions, error) {
		return user{"Grace", "grace@example.com"}, cache.EntryOptions{TTL: time.Hour}, nil
	}))
	fmt.Println(grace.Mail)
	// Output:
	// Ada
	// grace@example.com
}
