package caches

import (
	"errors"

	"github.com/mantisdb/mantisdb/cache"
)

// mantis is MantisDB's, with the build's default engine.
type mantis struct {
	cache *cache.Cache
	keys  *Keys
}

func openMantis(keys *Keys, room uint64) (Cache, error) {
	trial := NewKeys(uint32(2 * room))
	budget, err := budgetFor(room, room*190, func(budget uint64) (Cache, error) { return newMantis(trial, budget) })
	if err != nil {
		return nil, err
	}
	return newMantis(keys, budget)
}

func newMantis(keys *Keys, budget uint64) (Cache, error) {
	c, err := cache.New(cache.Options{Budget: budget})
	return &mantis{c, keys}, err
}

func (m *mantis) Reader() func(uint32) (bool, error) {
	buf := make([]byte, 0, 2*ValueLen)
	return func(id uint32) (bool, error) {
		value, err := m.cache.AppendGet(buf[:0], m.keys.bytes(id))
		switch {
		case err == nil:
			return true, verify(id, value)
		case errors.Is(err, cache.ErrNotFound):
			return false, nil
		default:
			return false, err
		}
	}
}

func (m *mantis) Put(id uint32, value []byte) error { return m.cache.Set(m.keys.bytes(id), value) }

func (m *mantis) Entries() (uint64, error) {
	s, err := m.cache.Stats()
	return s.Entries, err
}

func (m *mantis) Close() error { return m.cache.Close() }
