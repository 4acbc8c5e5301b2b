// Package engine puts the stores that Go programs embed behind one interface.
package engine

import (
	"errors"
	"fmt"
	"sort"
)

// Engine is an open store. Put, Get and SyncLog may be called by many goroutines
// at once.
type Engine interface {
	// Put stores value under key at the durability the store was opened with.
	// Neither is kept.
	Put(key, value []byte) error
	// Get appends the value of key to dst. A key that is not there is
	// ErrMissing.
	Get(dst, key []byte) ([]byte, error)
	// SyncLog puts on disk what was acknowledged as buffered.
	SyncLog() error
	// Settle writes out what is in memory and compacts, so that what is left on
	// disk is what the data takes. Nothing else runs meanwhile.
	Settle() error
	// Close closes the store.
	Close() error
}

// Recovered is a store that tells what it read of its log when it was opened.
type Recovered interface {
	// Replayed is the number of records, of a write each.
	Replayed() (uint64, error)
}

// ErrMissing is a key that the store does not have.
var ErrMissing = errors.New("the key is missing")

// Config says how to open a store.
type Config struct {
	// Dir is the data directory.
	Dir string
	// Sync acknowledges a write when it is on disk; otherwise when the
	// operating system has it, or the nearest to that which the store offers.
	Sync bool
	// Limit is the memory budget in bytes, of write buffers and caches together.
	Limit uint64
	// WriteBuffer, if not 0, is how many bytes of writes must stay in the log
	// without being written to tables, whatever Limit says.
	WriteBuffer uint64
}

// A Kind is a store that can be measured.
type Kind struct {
	Name string
	// Version is the store's, as its module says.
	Version func() string
	// Settings tells in a line what differs from the store's defaults.
	Settings func(Config) string
	Open     func(Config) (Engine, error)
}

var kinds = map[string]Kind{}

func register(k Kind) { kinds[k.Name] = k }

// Find is the store of that name.
func Find(name string) (Kind, error) {
	k, ok := kinds[name]
	if !ok {
		return Kind{}, fmt.Errorf("no engine %q in this program: it has %v", name, Names())
	}
	return k, nil
}

// Names are the names of all stores in the program, in order.
func Names() []string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
