package cache

import "errors"

// The errors of this package. They may come wrapped with detail; compare with
// errors.Is.
var (
	// ErrNotFound: the cache has no live entry of the key.
	ErrNotFound = errors.New("cache: key not found")
	// ErrClosed: the cache was closed before the call.
	ErrClosed = errors.New("cache: closed")
	// ErrKeyEmpty: the empty key is not a key.
	ErrKeyEmpty = errors.New("cache: key is empty")
	// ErrKeyTooLarge: the key is longer than MaxKeyLen bytes.
	ErrKeyTooLarge = errors.New("cache: key too large")
	// ErrTooLarge: the value is longer than MaxValueLen bytes, or the entry takes more
	// than the whole budget. It was not stored. Set also drops what the key had before,
	// so that nobody reads an older value.
	ErrTooLarge = errors.New("cache: entry too large")
	// ErrInvalidTTL: a time to live is negative.
	ErrInvalidTTL = errors.New("cache: invalid time to live")
	// ErrInvalidOptions: an option is out of range or contradicts another.
	ErrInvalidOptions = errors.New("cache: invalid options")
	// ErrUnknownEngine: no engine of that name exists.
	ErrUnknownEngine = errors.New("cache: unknown engine")
	// ErrEngineNotBuilt: the engine exists, but this binary was built without it.
	ErrEngineNotBuilt = errors.New("cache: engine not built in")
	// ErrLoadExited: a load ended its goroutine by runtime.Goexit and so never returned.
	ErrLoadExited = errors.New("cache: the load ended its goroutine")
	// ErrBusy: there was no room, since reads hold on to what has left; the entry was not
	// stored. Set drops what the key had before.
	ErrBusy = errors.New("cache: no room at the moment")
	// ErrOutOfMemory: the engine could not get the memory it needed.
	ErrOutOfMemory = errors.New("cache: out of memory")
	// ErrPoisoned: an earlier internal failure left the engine unable to promise
	// anything; open another cache.
	ErrPoisoned = errors.New("cache: engine failed")
	// ErrABIMismatch: the linked Rust core speaks another version of the C ABI.
	ErrABIMismatch = errors.New("cache: the Rust core has another version of the C ABI")
)
