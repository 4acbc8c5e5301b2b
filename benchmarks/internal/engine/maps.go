package engine

import (
	"bytes"
	"runtime"
	"sync"
	"unsafe"

	"github.com/puzpuzpuz/xsync/v4"
)

func init() {
	for name, m := range map[string]struct {
		version func() string
		open    func() Engine
	}{
		"sync.Map":   {runtime.Version, func() Engine { return mapStore{new(syncMap)} }},
		"locked-map": {runtime.Version, func() Engine { return mapStore{&lockedMap{entries: map[string][]byte{}}} }},
		"xsync.Map": {moduleVersion("github.com/puzpuzpuz/xsync/v4"), func() Engine {
			return mapStore{xsyncMap{xsync.NewMap[string, []byte]()}}
		}},
	} {
		register(Kind{
			Name: name, Version: m.version, Memory: true,
			Settings: func(Config) string { return "keys and values are copied in, values are copied out" },
			Open:     func(Config) (Engine, error) { return m.open(), nil },
		})
	}
}

// table is a map that goroutines can share. A value in it never changes.
type table interface {
	load(key string) ([]byte, bool)
	store(key string, value []byte)
	delete(key string)
}

// mapStore makes a store of a map: what is put is copied, as callers use their
// room again, and a reader gets the value in its own room.
type mapStore struct{ table }

func (s mapStore) Put(key, value []byte) error {
	s.store(string(key), bytes.Clone(value))
	return nil
}

// PutBatch puts one after the other: maps have nothing for more.
func (s mapStore) PutBatch(entries []Entry) error {
	for _, e := range entries {
		s.store(string(e.Key), bytes.Clone(e.Value))
	}
	return nil
}

func (s mapStore) Get(dst, key []byte) ([]byte, error) {
	value, ok := s.load(borrow(key))
	if !ok {
		return dst, ErrMissing
	}
	return append(dst, value...), nil
}

func (s mapStore) Delete(key []byte) error {
	s.delete(borrow(key))
	return nil
}

func (s mapStore) Close() error { return nil }

// borrow is a key as a string, without a copy: for as long as the key does not
// change, so only to look something up.
func borrow(key []byte) string { return unsafe.String(unsafe.SliceData(key), len(key)) }

// lend is a key as bytes, without a copy: they must not be written.
func lend(key string) []byte { return unsafe.Slice(unsafe.StringData(key), len(key)) }

type syncMap struct{ entries sync.Map }

func (m *syncMap) load(key string) ([]byte, bool) {
	value, ok := m.entries.Load(key)
	if !ok {
		return nil, false
	}
	return value.([]byte), true
}

func (m *syncMap) store(key string, value []byte) { m.entries.Store(key, value) }

func (m *syncMap) delete(key string) { m.entries.Delete(key) }

type lockedMap struct {
	lock    sync.RWMutex
	entries map[string][]byte
}

func (m *lockedMap) load(key string) ([]byte, bool) {
	m.lock.RLock()
	value, ok := m.entries[key]
	m.lock.RUnlock()
	return value, ok
}

func (m *lockedMap) store(key string, value []byte) {
	m.lock.Lock()
	m.entries[key] = value
	m.lock.Unlock()
}

func (m *lockedMap) delete(key string) {
	m.lock.Lock()
	delete(m.entries, key)
	m.lock.Unlock()
}

type xsyncMap struct{ entries *xsync.Map[string, []byte] }

func (m xsyncMap) load(key string) ([]byte, bool) { return m.entries.Load(key) }

func (m xsyncMap) store(key string, value []byte) { m.entries.Store(key, value) }

func (m xsyncMap) delete(key string) { m.entries.Delete(key) }
