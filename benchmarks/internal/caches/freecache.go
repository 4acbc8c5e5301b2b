package caches

import (
	"errors"

	"github.com/coocood/freecache"
)

// free is freecache: rings of bytes in which keys and values are copied.
type free struct {
	cache *freecache.Cache
	keys  *Keys
}

func openFreecache(keys *Keys, room uint64) (Cache, error) {
	trial := NewKeys(uint32(2 * room))
	budget, err := budgetFor(room, room*150, func(budget uint64) (Cache, error) { return newFreecache(trial, budget), nil })
	if err != nil {
		return nil, err
	}
	return newFreecache(keys, budget), nil
}

func newFreecache(keys *Keys, budget uint64) Cache {
	return &free{freecache.NewCache(int(budget)), keys}
}

func (f *free) Reader() func(uint32) (bool, error) {
	buf := make([]byte, 2*ValueLen)
	return func(id uint32) (bool, error) {
		value, err := f.cache.GetWithBuf(f.keys.bytes(id), buf)
		switch {
		case err == nil:
			return true, verify(id, value)
		case errors.Is(err, freecache.ErrNotFound):
			return false, nil
		default:
			return false, err
		}
	}
}

func (f *free) Put(id uint32, value []byte) error { return f.cache.Set(f.keys.bytes(id), value, 0) }

func (f *free) Entries() (uint64, error) { return uint64(f.cache.EntryCount()), nil }

func (f *free) Close() error {
	f.cache.Clear()
	return nil
}
