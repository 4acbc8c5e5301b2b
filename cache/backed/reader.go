package backed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cache"
	"github.com/mantisdb/mantisdb/internal/clock"
)

// Options say how a cache stands before a store. The zero value is a good choice.
type Options struct {
	// TTL is how long the cache keeps a value at most before it is loaded again; 0 is
	// the cache's own Options.TTL, for what does not expire in the store.
	TTL time.Duration
	// NegativeTTL is how long the cache remembers that the store has no value of a key;
	// 0 does not at all. With it, values in the cache are a byte longer.
	NegativeTTL time.Duration
	// Tags are the cache's tags of an entry, see cache.EntryOptions; nil gives none. Such as
	// the cache does not take fail a read, and a write too, which is carried out all the same.
	Tags func(key, value []byte) []string
}

func (o *Options) check() error {
	if o.TTL < 0 || o.NegativeTTL < 0 {
		return fmt.Errorf("%w: a negative one in the options", cache.ErrInvalidTTL)
	}
	return nil
}

// reader reads by way of the cache.
type reader struct {
	cache *cache.Cache
	store Store
	o     Options
	// pending is what is to be written to the store and may not be there yet; nil if
	// there is no such thing.
	pending func(key []byte) (Write, bool)
	one     cache.Loader // load and loadMany, made once
	many    cache.BulkLoader
}

func (r *reader) init(c *cache.Cache, s Store, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	r.cache, r.store, r.o = c, s, o
	r.one, r.many = r.load, r.loadMany
	return nil
}

// Get returns the value of key, which is loaded from the store if the cache does not have
// it, or ErrNotFound. Errors of the store are returned as they are, and not remembered.
func (r *reader) Get(ctx context.Context, key []byte) ([]byte, error) {
	value, err := r.AppendGet(ctx, nil, key)
	if err != nil {
		return nil, err
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// AppendGet is Get that appends the value to dst and returns the extended slice, or dst
// and an error. If the cache has the value and dst has room (for one byte more, with
// Options.NegativeTTL), it allocates nothing.
func (r *reader) AppendGet(ctx context.Context, dst, key []byte) ([]byte, error) {
	stored, err := r.cache.AppendGetOrLoad(ctx, dst, key, r.one)
	if err != nil {
		return dst, err
	}
	value, found := r.decode(stored)
	if !found {
		return dst, ErrNotFound
	}
	return value, nil
}

// GetMany reads keys into out, which it empties first: those that the cache does not have
// are loaded from the store together.
func (r *reader) GetMany(ctx context.Context, out *cache.Values, keys [][]byte) error {
	if r.o.NegativeTTL == 0 {
		return r.cache.GetOrLoadMany(ctx, out, keys, r.many)
	}
	out.Reset()
	var stored cache.Values
	if err := r.cache.GetOrLoadMany(ctx, &stored, keys, r.many); err != nil {
		return err
	}
	for i := range keys {
		value, found := stored.At(i)
		if found {
			value, found = r.decode(value)
		}
		if found {
			out.AppendFound(value)
		} else {
			out.AppendMissing()
		}
	}
	return nil
}

// Invalidate has the cache forget a key whose value in the store has changed by other
// hands.
func (r *reader) Invalidate(key []byte) error {
	_, err := r.cache.Delete(key)
	return err
}

// With Options.NegativeTTL, what the cache has ends with one of these.
const (
	present byte = 1
	absent  byte = 0 // and that is all
)

// decode is a value as it is in the cache without its mark.
func (r *reader) decode(stored []byte) (value []byte, found bool) {
	if r.o.NegativeTTL == 0 {
		return stored, true
	}
	end := len(stored) - 1
	if end < 0 { // stored by others, against the contract
		return nil, false
	}
	return stored[:end], stored[end] == present
}

// load is a cache.Loader.
func (r *reader) load(ctx context.Context, key []byte) ([]byte, cache.EntryOptions, error) {
	if w, is := r.queued(key); is {
		return r.found(key, w.Entry, !w.Deleted)
	}
	e, err := r.store.Load(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, cache.EntryOptions{}, err
	}
	return r.found(key, e, err == nil)
}

func (r *reader) queued(key []byte) (Write, bool) {
	if r.pending == nil {
		return Write{}, false
	}
	return r.pending(key)
}

// found is what was found as the cache is to have it.
func (r *reader) found(key []byte, e Entry, found bool) ([]byte, cache.EntryOptions, error) {
	if found && (e.ExpiresAt == 0 || e.ExpiresAt > clock.Now()) {
		if r.o.NegativeTTL == 0 {
			return e.Value, r.options(key, e), nil
		}
		return append(e.Value[:len(e.Value):len(e.Value)], present), r.options(key, e), nil
	}
	if r.o.NegativeTTL == 0 {
		return nil, cache.EntryOptions{}, ErrNotFound
	}
	return []byte{absent}, cache.EntryOptions{TTL: r.o.NegativeTTL}, nil
}

// options are those of an entry in the cache.
func (r *reader) options(key []byte, e Entry) cache.EntryOptions {
	var o cache.EntryOptions
	if r.o.Tags != nil {
		o.Tags = r.o.Tags(key, e.Value)
	}
	switch {
	case e.ExpiresAt == 0:
		o.TTL = r.o.TTL
	case r.o.TTL == 0 || r.o.TTL == cache.Forever:
		o.ExpiresAt = e.ExpiresAt
	default:
		o.ExpiresAt = min(e.ExpiresAt, expiryAfter(r.o.TTL))
	}
	return o
}

// loadMany is a cache.BulkLoader.
func (r *reader) loadMany(ctx context.Context, keys [][]byte) ([]cache.Loaded, error) {
	results := make([]cache.Loaded, len(keys))
	var missing [][]byte
	var places []int
	for i, key := range keys {
		if w, is := r.queued(key); is {
			results[i] = r.loaded(key, Loaded{Found: !w.Deleted, Entry: w.Entry})
			continue
		}
		missing, places = append(missing, key), append(places, i)
	}
	if len(missing) == 0 {
		return results, nil
	}
	loaded, err := loadMany(ctx, r.store, missing)
	if err != nil {
		return nil, err
	}
	if len(loaded) != len(missing) {
		return nil, fmt.Errorf("backed: the store returned %d results for %d keys", len(loaded), len(missing))
	}
	for i, l := range loaded {
		results[places[i]] = r.loaded(missing[i], l)
	}
	return results, nil
}

func (r *reader) loaded(key []byte, l Loaded) cache.Loaded {
	value, o, err := r.found(key, l.Entry, l.Found)
	return cache.Loaded{Found: err == nil, Value: value, Options: o}
}

// markPool has room for values and their marks.
var markPool = sync.Pool{New: func() any { return new([]byte) }}

// keep puts an entry that was written into the cache. That it is too large for it is no
// error. What the cache does not take, for its tags say, leaves it with nothing of the key:
// what it had is older.
func (r *reader) keep(key []byte, e Entry) error {
	value := e.Value
	if r.o.NegativeTTL != 0 {
		buffer := markPool.Get().(*[]byte)
		defer markPool.Put(buffer)
		*buffer = append(append((*buffer)[:0], value...), present)
		value = *buffer
	}
	err := r.cache.SetWith(key, value, r.options(key, e))
	if err == nil || errors.Is(err, cache.ErrTooLarge) {
		return nil
	}
	_ = r.Invalidate(key) // a cache that cannot is closed or broken, which err says
	return err
}

// prepare returns nil for a write that cache and store can take.
func (r *reader) prepare(w *Write) error {
	if len(w.Key) == 0 {
		return cache.ErrKeyEmpty
	}
	if len(w.Key) > cache.MaxKeyLen {
		return fmt.Errorf("%w: %d bytes, of at most %d", cache.ErrKeyTooLarge, len(w.Key), cache.MaxKeyLen)
	}
	if w.Entry.ExpiresAt < 0 {
		return fmt.Errorf("%w: an expiry of %d is before 1970", cache.ErrInvalidOptions, w.Entry.ExpiresAt)
	}
	if preparer, is := r.store.(Preparer); is {
		return preparer.Prepare(w)
	}
	return nil
}

// expiryAfter is in Unix milliseconds, 0 for never.
func expiryAfter(ttl time.Duration) int64 {
	if ttl == 0 || ttl == cache.Forever {
		return 0
	}
	ms := int64(ttl / time.Millisecond)
	if ttl%time.Millisecond != 0 {
		ms++
	}
	return clock.Now() + ms
}
