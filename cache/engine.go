package cache

import (
	"fmt"
	"time"
)

// engine keeps a cache's entries. It is the seam: nothing above it knows which engine
// it talks to, and the package's tests hold both to the same contract.
//
// All methods may be called at once, and return ErrClosed after close. Keys, values and
// options were checked before.
type engine interface {
	name() string
	// appendGet is Cache.AppendGet.
	appendGet(dst, key []byte) ([]byte, error)
	// has is Cache.Has.
	has(key []byte) (bool, error)
	// getMany is Cache.GetManyInto; out is empty.
	getMany(out *Values, keys [][]byte) error
	// set stores an entry, or drops what the key had and returns ErrTooLarge.
	set(key, value []byte, o entryOptions) error
	// setIfAbsent stores an entry if the key has no live one.
	setIfAbsent(key, value []byte, o entryOptions) (bool, error)
	delete(key []byte) (bool, error)
	deletePrefix(prefix []byte) (uint64, error)
	deleteTag(tag string) (uint64, error)
	clear() (uint64, error)
	resize(budget uint64) error
	stats() (Stats, error)
	// takeEvicted tells of what has left since the last call, in order for each key,
	// if the engine was opened to keep that. Calls do not overlap. It works after close.
	takeEvicted(tell func(Eviction)) error
	close() error
}

// entryOptions are EntryOptions as an engine has them.
type entryOptions struct {
	expiresAt int64 // Unix milliseconds, 0 for never
	tags      []string
}

// config is what an engine is opened with.
type config struct {
	budget  uint64
	ordered bool
	// left is called when something has left that takeEvicted will tell of; nil if
	// nobody wants to know. It does not block, and may be called under locks.
	left  func()
	clock *stepClock
}

// openEngine opens the engine of a name, or the build's default.
func openEngine(name string, c config) (engine, error) {
	if name == "" {
		name = DefaultEngine
	}
	switch name {
	case EngineRust:
		return openRust(c)
	case EngineGo:
		return openOtter(c)
	default:
		return nil, fmt.Errorf("%w: %q, there are %q and %q", ErrUnknownEngine, name, EngineRust, EngineGo)
	}
}

// sweepInterval is how often the background looks for what has expired, unasked.
const sweepInterval = time.Second
