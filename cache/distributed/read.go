package distributed

import (
	"context"

	"github.com/olric-data/olric"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
	"github.com/mantisdb/mantisdb/storage"
)

// Item is a value as it is stored.
type Item struct {
	Value []byte
	// Version grows with each write of the key: it is the time of the write, in Unix
	// nanoseconds by the clock of the node that did it.
	Version uint64
	// ExpiresAt is in Unix milliseconds; 0 is never.
	ExpiresAt int64
}

// keys is Olric's map, if this node sees enough others.
func (c *Cache) keys() (olric.DMap, error) {
	m := c.member.Load()
	if m == nil {
		return nil, ErrTooFewNodes
	}
	return *m.keys.Load(), nil
}

// Get returns the value of key, or ErrNotFound: also if the node that owns the key does not
// answer, since a cache's user can get it elsewhere.
func (c *Cache) Get(ctx context.Context, key []byte) (Item, error) {
	if err := storage.CheckKey(key); err != nil {
		return Item{}, err
	}
	keys, err := c.keys()
	if err != nil {
		return Item{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, call)
	defer cancel()
	found, err := keys.Get(ctx, string(key))
	if err != nil {
		if !isMiss(err) {
			c.counts.unreachable.Add(1)
		}
		c.counts.misses.Add(1)
		return Item{}, ErrNotFound
	}
	data, err := found.Byte()
	if err != nil {
		return Item{}, err
	}
	item, err := fragments.ParseItem(data)
	if err != nil || item.Kind != fragments.Value || string(item.Key) != string(key) {
		c.counts.misses.Add(1) // it was removed, or the hash is another key's
		return Item{}, ErrNotFound
	}
	c.counts.hits.Add(1)
	return Item{Value: item.Value, Version: uint64(found.Timestamp()), ExpiresAt: item.ExpiresAt}, nil
}
