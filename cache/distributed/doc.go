// Package distributed is a cache over several nodes: each key is on one of them, or on as many
// as there are to be copies, and any node answers for all.
//
//	c, err := distributed.Open(distributed.Config{
//		Address:     "127.0.0.1:7100",
//		Peers:       []string{"127.0.0.1:7102", "127.0.0.1:7104"},
//		MemoryLimit: 1 << 30,
//	})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	if err := c.Wait(ctx); err != nil { // until there are enough nodes
//		return err
//	}
//	err = c.Set(ctx, []byte("session/1"), []byte("Ada"), distributed.SetOptions{})
//	item, err := c.Get(ctx, []byte("session/1")) // ErrNotFound if it is not there
//
// Which node has what, and who the nodes are, is a matter of Olric (github.com/olric-data/olric),
// which runs in the process; what a node has is in the evicting engine of package storage,
// outside Go's heap and within MemoryLimit. It needs a build with `-tags rust`.
//
// # What it promises
//
// It is a cache, and never durable: any key may be gone at any time, as all of a node's are when
// it ends. What a read returns was written to that very key. While nobody comes or goes it is what
// was written last; docs/distributed-cache.md tells what it may be at other times.
//
// # Ownership of memory
//
// What is passed in is copied, what is returned is the caller's.
package distributed
