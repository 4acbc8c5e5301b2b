package caches

import (
	"runtime"
	"slices"
	"time"
)

// Heap is what a cache of some entries means for Go's collector.
type Heap struct {
	Entries uint64
	// Objects and Bytes are in Go's heap after a collection.
	Objects, Bytes uint64
	// Collection is the median time of a forced collection.
	Collection time.Duration
}

// MeasureHeap puts so many keys into a cache with room for all, and collects.
func MeasureHeap(name string, keys *Keys, entries uint32) (Heap, error) {
	c, err := Open(name, keys, uint64(keys.Len())*5/4)
	if err != nil {
		return Heap{}, err
	}
	defer c.Close()
	v := newValue()
	for id := range entries {
		if err := c.Put(id, v.of(id)); err != nil {
			return Heap{}, err
		}
	}
	held, err := c.Entries()
	if err != nil {
		return Heap{}, err
	}
	var times [9]time.Duration
	for i := range times {
		start := time.Now()
		runtime.GC()
		times[i] = time.Since(start)
	}
	slices.Sort(times[:])
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return Heap{held, s.HeapObjects, s.HeapAlloc, times[len(times)/2]}, nil
}
