package backed

import (
	"context"
	"errors"

	"github.com/mantisdb/mantisdb/cache"
)

// ErrNotFound: the key has no value, neither in the cache nor in the store. It is the
// cache's, and what Store.Load returns for a key that is absent.
var ErrNotFound = cache.ErrNotFound

// ErrClosed: the Behind was closed before the call.
var ErrClosed = errors.New("backed: closed")

// Entry is a value and when it expires.
type Entry struct {
	Value []byte
	// ExpiresAt is in Unix milliseconds; 0 is never. One that has passed is as good as
	// no entry.
	ExpiresAt int64
}

// Write is a write of one key: of an entry, or its deletion.
type Write struct {
	Key     []byte
	Entry   Entry
	Deleted bool // Entry counts for nothing
}

// Store is what a cache stands before. Its methods may be called at once, and keep
// nothing of what they are given: it is borrowed for the call.
//
// A write that has returned is seen by every load that begins later; one that returned an
// error has either happened by then or never will.
type Store interface {
	// Load returns the entry of key, whose value belongs to the caller, or ErrNotFound.
	Load(ctx context.Context, key []byte) (Entry, error)
	// Store writes an entry.
	Store(ctx context.Context, key []byte, e Entry) error
	// Delete removes a key, which need not exist.
	Delete(ctx context.Context, key []byte) error
}

// BulkLoader is a Store that loads many keys at once.
type BulkLoader interface {
	// LoadMany returns one result a key, in their order.
	LoadMany(ctx context.Context, keys [][]byte) ([]Loaded, error)
}

// Loaded is what BulkLoader.LoadMany found for a key.
type Loaded struct {
	Found bool
	Entry Entry
}

// BulkWriter is a Store that writes many keys at once.
type BulkWriter interface {
	// WriteMany carries out writes of different keys. After an error any of them may
	// have happened, and they are made again.
	WriteMany(ctx context.Context, writes []Write) error
}

// Preparer is a Store that looks at writes before they begin.
type Preparer interface {
	// Prepare refuses a write that the store will never take, for its key's length,
	// say: so Behind does not come to it later, again and again. And it puts in what
	// the store would give to the entry, as an expiry: so the cache has it too.
	Prepare(w *Write) error
}

// loadMany is BulkLoader.LoadMany of any store.
func loadMany(ctx context.Context, s Store, keys [][]byte) ([]Loaded, error) {
	if bulk, can := s.(BulkLoader); can {
		return bulk.LoadMany(ctx, keys)
	}
	loaded := make([]Loaded, len(keys))
	for i, key := range keys {
		e, err := s.Load(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		loaded[i] = Loaded{Found: err == nil, Entry: e}
	}
	return loaded, nil
}

// write carries out one write.
func write(ctx context.Context, s Store, w *Write) error {
	if w.Deleted {
		return s.Delete(ctx, w.Key)
	}
	return s.Store(ctx, w.Key, w.Entry)
}
