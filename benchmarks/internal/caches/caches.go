// Package caches compares MantisDB's cache with otter, which Go programs embed.
package caches

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/mantisdb/mantisdb/cache"
	"github.com/maypok86/otter/v2"
)

// ValueLen is the length of values in bytes. Keys have KeyLen.
const (
	KeyLen   = 16
	ValueLen = 100
)

// A Cache is one under measure.
type Cache interface {
	// Reader returns what one goroutine reads with: it tells whether a key, by its
	// number, is there and has its value.
	Reader() func(id uint32) (bool, error)
	// Put stores a value that the cache keeps, or copies.
	Put(id uint32, value []byte) error
	Entries() (uint64, error)
	Close() error
}

// Names are those of the caches that can be opened.
func Names() []string { return []string{MantisDB, Otter, OtterCopying} }

const (
	MantisDB = "mantisdb"
	// Otter lends the values that it has, to all who read them, and keeps the string that
	// its key was put as.
	Otter = "otter"
	// OtterCopying is otter as a program uses it that wants what MantisDB does: a value is
	// copied into the reader's room, who may then write to it, and a key is copied when it
	// is put.
	OtterCopying = "otter, copying"
)

// Open makes a cache with room for so many of the keys.
func Open(name string, keys *Keys, room uint64) (Cache, error) {
	switch name {
	case MantisDB:
		return openMantis(keys, room)
	case Otter, OtterCopying:
		return openOtter(keys, room, name == OtterCopying)
	default:
		return nil, fmt.Errorf("no cache %q: there are %q", name, Names())
	}
}

// verify returns nil if a value is that of a key, and whole.
func verify(id uint32, value []byte) error {
	if len(value) == ValueLen && value[0] == byte(id) && value[1] == byte(id>>8) && value[ValueLen-1] == 'v' {
		return nil
	}
	return ErrWrong
}

// ErrWrong is a value that was not put under its key.
var ErrWrong = errors.New("caches: the value of another key")

// mantis is MantisDB's, with the build's default engine.
type mantis struct {
	cache *cache.Cache
	keys  *Keys
}

// openMantis tries out which budget holds so many entries: it counts all that they take.
func openMantis(keys *Keys, room uint64) (Cache, error) {
	budget := room * 190
	for range 3 {
		held, err := heldBy(budget, keys, room)
		if err != nil {
			return nil, err
		}
		budget = uint64(float64(budget) * float64(room) / float64(held))
	}
	c, err := cache.New(cache.Options{Budget: budget})
	return &mantis{c, keys}, err
}

// heldBy is how many entries a budget holds when others have left for them.
func heldBy(budget uint64, keys *Keys, room uint64) (uint64, error) {
	c, err := cache.New(cache.Options{Budget: budget})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	value, key := make([]byte, ValueLen), make([]byte, KeyLen)
	for id := range 2 * room {
		putKey(key, uint32(id))
		if err := c.Set(key, value); err != nil {
			return 0, err
		}
	}
	s, err := c.Stats()
	return max(s.Entries, 1), err
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

// peer is otter.
type peer struct {
	cache  *otter.Cache[string, []byte]
	keys   *Keys
	copies bool
}

func openOtter(keys *Keys, room uint64, copies bool) (Cache, error) {
	c, err := otter.New(&otter.Options[string, []byte]{MaximumSize: int(room)})
	return &peer{c, keys, copies}, err
}

func (p *peer) Reader() func(uint32) (bool, error) {
	if p.copies {
		return p.copyingReader()
	}
	return func(id uint32) (bool, error) {
		value, ok := p.cache.GetIfPresent(p.keys.text(id))
		if !ok {
			return false, nil
		}
		return true, verify(id, value)
	}
}

func (p *peer) copyingReader() func(uint32) (bool, error) {
	buf := make([]byte, 0, 2*ValueLen)
	return func(id uint32) (bool, error) {
		value, ok := p.cache.GetIfPresent(p.keys.text(id))
		if !ok {
			return false, nil
		}
		buf = append(buf[:0], value...)
		return true, verify(id, buf)
	}
}

func (p *peer) Put(id uint32, value []byte) error {
	key := p.keys.text(id)
	if p.copies {
		key = strings.Clone(key)
	}
	p.cache.Set(key, bytes.Clone(value))
	return nil
}

func (p *peer) Entries() (uint64, error) {
	p.cache.CleanUp()
	return uint64(p.cache.EstimatedSize()), nil
}

func (p *peer) Close() error {
	p.cache.StopAllGoroutines()
	return nil
}
