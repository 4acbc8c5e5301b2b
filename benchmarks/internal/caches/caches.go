// Package caches compares MantisDB's cache with those that Go programs embed.
package caches

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
	"github.com/mantisdb/mantisdb/cache"
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
	// Put stores a value that the cache copies, or of which it keeps a copy that is made
	// for it.
	Put(id uint32, value []byte) error
	Entries() (uint64, error)
	Close() error
}

// Kind is a cache by its name.
type Kind struct {
	Name string
	// Version is the cache's, as its module says.
	Version func() string
	// Settings tells what differs from the defaults.
	Settings string
	// open makes a cache with room for so many of the keys.
	open func(keys *Keys, room uint64) (Cache, error)
}

// kinds are all caches. Those that lend give all readers the value that they have, and
// keep the string that a key was put as; those that copy do what MantisDB does: a value is
// copied into the reader's room, who may then write to it, and a key when it is put.
var kinds = []Kind{
	{"mantisdb-" + cache.DefaultEngine, func() string { return "this tree" }, "copies", openMantis},
	{"otter", module("github.com/maypok86/otter/v2"), "lends", lending(openOtter)},
	{"otter-copying", module("github.com/maypok86/otter/v2"), "copies", copying(openOtter)},
	{"ristretto", module("github.com/dgraph-io/ristretto/v2"), "lends, ten counters an entry", lending(openRistretto)},
	{"theine", module("github.com/Yiling-J/theine-go"), "lends", lending(openTheine)},
	{"freecache", module("github.com/coocood/freecache"), "copies", openFreecache},
}

func module(path string) func() string {
	return func() string { return measure.ModuleVersion(path) }
}

// Names are those of the caches that can be opened.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}

// Find finds a kind by name.
func Find(name string) (Kind, error) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, fmt.Errorf("no cache %q: there are %q", name, Names())
	}
	return kinds[i], nil
}

// Open makes a cache with room for so many of the keys.
func Open(name string, keys *Keys, room uint64) (Cache, error) {
	k, err := Find(name)
	if err != nil {
		return nil, err
	}
	return k.open(keys, room)
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
