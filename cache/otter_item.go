package cache

import "strings"

// item is an entry's value in the Go engine. Each is put into the cache once at most, and
// then leaves it once.
type item struct {
	value     []byte
	expiresAt int64 // Unix milliseconds, 0 for never
	weight    uint32
	keyLen    uint32
	// cause is why the item is taken out, if that is by our own hand and no mere Delete.
	// It is written and read under the lock of the key's bucket.
	cause Cause
	place *place // nil: in no index
}

// place is what an item is indexed by.
type place struct {
	orderKey
	tags []string
}

// orderKey is an item's place in the order of keys. The number tells items of one key
// apart: for a moment both the old and the new one are indexed.
type orderKey struct {
	key    string
	number uint64
}

// What entries take in Go's heap beside keys, values and tags, in bytes, as
// TestGoEngineOverhead measures it: otter's node and its place in the hash table, the
// item, and what the allocator's size classes round up.
const (
	itemOverhead  = 196
	placeOverhead = 64  // a place, whose key is counted once more
	tagOverhead   = 224 // one of an item's tags, if no other item has it
	orderOverhead = 48  // in the order of keys
)

// newItem copies a value and its tags. ordered says that the order of keys has it too.
func newItem(key string, value []byte, o entryOptions, ordered bool) *item {
	it := &item{value: append(make([]byte, 0, len(value)), value...), expiresAt: o.expiresAt, keyLen: uint32(len(key))}
	if len(o.tags) > 0 || ordered {
		it.place = &place{orderKey: orderKey{key: key}}
		for _, tag := range o.tags {
			it.place.tags = append(it.place.tags, strings.Clone(tag))
		}
	}
	it.weight = uint32(itemWeight(len(key), len(value), o.tags, ordered))
	return it
}

// itemWeight is the bytes of the budget that an item takes.
func itemWeight(keyLen, valueLen int, tags []string, ordered bool) uint64 {
	weight := itemOverhead + keyLen + valueLen
	if len(tags) > 0 || ordered {
		weight += placeOverhead + keyLen
	}
	for _, tag := range tags {
		weight += tagOverhead + len(tag)
	}
	if ordered {
		weight += orderOverhead
	}
	return uint64(weight)
}
