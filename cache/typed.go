package cache

import (
	"context"
	"sync"
	"time"
)

// Typed is a Cache of values of a type by keys of a type. It keeps their bytes, so what it
// returns is the caller's own, and nothing of it is seen by Go's collector while it is in
// the Rust engine. Several may share a Cache, by keys with a Prefixed codec. It may be
// used from many goroutines at once.
//
// Its methods are those of Cache, and return what the codecs return beside: Get an
// ErrCodec if there are bytes that are no V.
type Typed[K, V any] struct {
	cache  *Cache
	keys   Codec[K]
	values Codec[V]
}

// NewTyped is a view of a cache. Closing the cache ends it.
func NewTyped[K, V any](c *Cache, keys Codec[K], values Codec[V]) *Typed[K, V] {
	return &Typed[K, V]{cache: c, keys: keys, values: values}
}

// Cache is the cache that was given to NewTyped.
func (t *Typed[K, V]) Cache() *Cache { return t.cache }

// codecBuffers is room for the bytes of a key and of a value.
type codecBuffers struct{ key, value []byte }

var codecPool = sync.Pool{New: func() any { return new(codecBuffers) }}

// maxPooled is how large a buffer may be to be used again.
const maxPooled = 64 << 10

func (b *codecBuffers) release() {
	if cap(b.key) <= maxPooled && cap(b.value) <= maxPooled {
		codecPool.Put(b)
	}
}

// buffers has the bytes of a key, in buffers that are to be released.
func (t *Typed[K, V]) buffers(key K) (*codecBuffers, error) {
	b := codecPool.Get().(*codecBuffers)
	var err error
	b.key, err = t.keys.Append(b.key[:0], key)
	if err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// Get returns the value of key, or ErrNotFound.
func (t *Typed[K, V]) Get(key K) (V, error) {
	var none V
	b, err := t.buffers(key)
	if err != nil {
		return none, err
	}
	defer b.release()
	b.value, err = t.cache.AppendGet(b.value[:0], b.key)
	if err != nil {
		return none, err
	}
	return t.values.Decode(b.value)
}

// Has tells whether key has a live entry, see Cache.Has.
func (t *Typed[K, V]) Has(key K) (bool, error) {
	b, err := t.buffers(key)
	if err != nil {
		return false, err
	}
	defer b.release()
	return t.cache.Has(b.key)
}

// GetMany returns the values of keys, in their order, and which of them were found.
func (t *Typed[K, V]) GetMany(keys ...K) (values []V, found []bool, err error) {
	packed := make([][]byte, len(keys))
	for i, key := range keys {
		if packed[i], err = t.keys.Append(nil, key); err != nil {
			return nil, nil, err
		}
	}
	var out Values
	if err := t.cache.GetManyInto(&out, packed); err != nil {
		return nil, nil, err
	}
	values, found = make([]V, len(keys)), make([]bool, len(keys))
	for i := range keys {
		var value []byte
		if value, found[i] = out.At(i); found[i] {
			if values[i], err = t.values.Decode(value); err != nil {
				return nil, nil, err
			}
		}
	}
	return values, found, nil
}

// Set stores value under key, see Cache.Set.
func (t *Typed[K, V]) Set(key K, value V) error { return t.SetWith(key, value, EntryOptions{}) }

// SetTTL stores value under key for ttl, see Cache.SetTTL.
func (t *Typed[K, V]) SetTTL(key K, value V, ttl time.Duration) error {
	return t.SetWith(key, value, EntryOptions{TTL: ttl})
}

// SetWith stores value under key, as o says.
func (t *Typed[K, V]) SetWith(key K, value V, o EntryOptions) error {
	b, err := t.entry(key, value)
	if err != nil {
		return err
	}
	defer b.release()
	return t.cache.SetWith(b.key, b.value, o)
}

// SetIfAbsent stores value under key if the key has no live entry, see
// Cache.SetIfAbsent.
func (t *Typed[K, V]) SetIfAbsent(key K, value V, o EntryOptions) (stored bool, err error) {
	b, err := t.entry(key, value)
	if err != nil {
		return false, err
	}
	defer b.release()
	return t.cache.SetIfAbsent(b.key, b.value, o)
}

// entry has the bytes of a key and of a value.
func (t *Typed[K, V]) entry(key K, value V) (*codecBuffers, error) {
	b, err := t.buffers(key)
	if err != nil {
		return nil, err
	}
	if b.value, err = t.values.Append(b.value[:0], value); err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// Delete removes key, which need not exist, and tells whether it had a live entry.
func (t *Typed[K, V]) Delete(key K) (deleted bool, err error) {
	b, err := t.buffers(key)
	if err != nil {
		return false, err
	}
	defer b.release()
	return t.cache.Delete(b.key)
}

// GetOrLoad returns the value of key, which it loads and stores if the key has none, see
// Cache.GetOrLoad. Each of those who wait for a load has a value of their own.
func (t *Typed[K, V]) GetOrLoad(ctx context.Context, key K, load func(ctx context.Context, key K) (V, EntryOptions, error)) (V, error) {
	var none V
	b, err := t.buffers(key)
	if err != nil {
		return none, err
	}
	defer b.release()
	b.value, err = t.cache.AppendGetOrLoad(ctx, b.value[:0], b.key, func(ctx context.Context, _ []byte) ([]byte, EntryOptions, error) {
		v, o, err := load(ctx, key)
		if err != nil {
			return nil, o, err
		}
		value, err := t.values.Append(nil, v)
		return value, o, err
	})
	if err != nil {
		return none, err
	}
	return t.values.Decode(b.value)
}
