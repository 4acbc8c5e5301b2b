// Package cache is a cache of bytes with a budget in bytes: everything that an entry takes
// is counted, not only its value.
//
//	c, err := cache.New(cache.Options{Budget: 256 << 20})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	err = c.SetTTL([]byte("session/1"), []byte("Ada"), time.Hour)
//	value, err := c.Get([]byte("session/1")) // ErrNotFound if it is not there
//
// Entries may expire, carry tags by which they are dropped together, and be dropped by the
// prefix of their keys. Cache.GetOrLoad fills the cache from elsewhere, once for all who
// ask at once, and never brings back what was written over. Typed is a cache of values of
// a type; package backed puts a cache before a store and writes through or behind it.
//
// # Engines
//
// Two engines stand behind the same contract. "rust", a lock-free core with the build tag
// `rust`, keeps entries outside Go's heap: Go's collector never sees them, however many
// there are. "go", over otter, is in every build and needs no cgo; its entries are in Go's
// heap, and what the collector needs beside is not counted.
//
// # Ownership of memory
//
// What is passed in is copied, never kept. What Get, AppendGet, GetMany and GetOrLoad
// return belongs to the caller. What Values.At returns is borrowed until the Values are
// next used, what Options.OnEvict is given until it returns.
//
// # Limits
//
// A key has 1 to MaxKeyLen bytes, a value 0 to MaxValueLen; with all that it takes, an
// entry must fit into the budget.
package cache
