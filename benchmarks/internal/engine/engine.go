// Package engine puts the stores that Go programs embed behind one interface.
package engine

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// Engine is an open store. All but Close may be called by many goroutines at once.
// Keys and values that are passed in are not kept.
type Engine interface {
	// Put stores value under key at the durability the store was opened with.
	Put(key, value []byte) error
	// PutBatch stores entries, which have different keys, by what the store has for
	// writes that belong together.
	PutBatch(entries []Entry) error
	// Get appends the value of key to dst. A key that is not there is
	// ErrMissing.
	Get(dst, key []byte) ([]byte, error)
	// Delete removes key, which need not be there.
	Delete(key []byte) error
	// Close closes the store.
	Close() error
}

// Entry is a key with its value.
type Entry struct {
	Key, Value []byte
}

// Durable is a store with a directory.
type Durable interface {
	// SyncLog puts on disk what was acknowledged as buffered.
	SyncLog() error
	// Settle writes out what is in memory and compacts, so that what is left on
	// disk is what the data takes. Nothing else runs meanwhile.
	Settle() error
}

// Ordered is a store that keeps its keys in order.
type Ordered interface {
	// Scan gives visit at most most entries, at least 1, in ascending order: those
	// whose keys are not below from. Key and value are visit's until it returns.
	// What visit returns other than nil ends the scan and is returned.
	Scan(from []byte, most int, visit func(key, value []byte) error) error
}

// Expirer is a store whose values can have a time to live.
type Expirer interface {
	// PutTTL stores value under key for a time.
	PutTTL(key, value []byte, ttl time.Duration) error
}

// Crowded is a store that is told how many clients are about to use it at once.
type Crowded interface {
	// Expect is called while nothing else runs.
	Expect(clients int)
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
	// Dir is the data directory. Without one everything is in memory, with no log
	// and no limit, and the rest of the configuration makes no difference.
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

// InMemory tells that the store has no directory.
func (c Config) InMemory() bool { return c.Dir == "" }

// A Kind is a store that can be measured.
type Kind struct {
	Name string
	// Version is the store's, as its module says.
	Version func() string
	// Settings tells in a line what differs from the store's defaults.
	Settings func(Config) string
	Open     func(Config) (Engine, error)
	// Memory and Disk tell whether it can be opened without a directory and with
	// one. With one it is Durable.
	Memory, Disk bool
}

var kinds = map[string]Kind{}

func register(k Kind) { kinds[k.Name] = k }

// Find is the store of that name.
func Find(name string) (Kind, error) {
	k, ok := kinds[name]
	if !ok {
		names := []string{}
		for _, k := range Kinds() {
			names = append(names, k.Name)
		}
		return Kind{}, fmt.Errorf("no engine %q in this program: it has %v", name, names)
	}
	return k, nil
}

// Kinds are all stores in the program, in the order of their names.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, k)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// firstOf is the first error that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
