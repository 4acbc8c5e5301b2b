package backed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

// Through reads by way of the cache and writes to the store, then to the cache. It may be
// used from many goroutines at once. It has nothing to be closed.
//
// While a write runs, reads may still get the value before. Once it has returned, they do
// not: the cache has what was written, or nothing. After an error the cache has nothing of
// the key, and reads get what the store has.
type Through struct {
	reader
	writers writers
}

// NewThrough puts a cache before a store.
func NewThrough(c *cache.Cache, s Store, o Options) (*Through, error) {
	t := new(Through)
	if err := t.init(c, s, o); err != nil {
		return nil, err
	}
	t.writers.init()
	return t, nil
}

// Set writes value under key.
func (t *Through) Set(ctx context.Context, key, value []byte) error {
	return t.Write(ctx, Write{Key: key, Entry: Entry{Value: value}})
}

// SetTTL writes value under key for ttl, rounded up to whole milliseconds.
func (t *Through) SetTTL(ctx context.Context, key, value []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("%w: %v is not positive", cache.ErrInvalidTTL, ttl)
	}
	return t.Write(ctx, Write{Key: key, Entry: Entry{Value: value, ExpiresAt: expiryAfter(ttl)}})
}

// Delete removes key, which need not exist.
func (t *Through) Delete(ctx context.Context, key []byte) error {
	return t.Write(ctx, Write{Key: key, Deleted: true})
}

// Write carries out one write.
func (t *Through) Write(ctx context.Context, w Write) error {
	if err := t.prepare(&w); err != nil {
		return err
	}
	return t.through([]Write{w}, func() error { return write(ctx, t.store, &w) })
}

// WriteMany carries out writes of different keys, which the store gets together if it is
// a BulkWriter, else one after the other until one fails. After an error any of them may
// have happened.
func (t *Through) WriteMany(ctx context.Context, writes []Write) error {
	writes = slices.Clone(writes)
	for i := range writes {
		if err := t.prepare(&writes[i]); err != nil {
			return err
		}
	}
	return t.through(writes, func() error {
		if bulk, can := t.store.(BulkWriter); can {
			return bulk.WriteMany(ctx, writes)
		}
		for i := range writes {
			if err := write(ctx, t.store, &writes[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// through writes to the store and then to the cache.
//
// Of writes of a key that overlap nobody knows which one the store took last. So each of
// them drops the key from the cache when the store has it, and the next read loads. What
// was loaded before the last of them is dropped by it, and a load that runs then is
// overtaken.
func (t *Through) through(writes []Write, store func() error) (err error) {
	for i := range writes {
		t.writers.begin(writes[i].Key)
	}
	stored := false
	defer func() { // also if the store panics
		for i := range writes {
			if unsettled := t.settle(&writes[i], stored); unsettled != nil {
				err = errors.Join(err, unsettled)
			}
		}
	}()
	err = store()
	stored = err == nil
	return err
}

// settle has the cache follow a write that has ended.
func (t *Through) settle(w *Write, stored bool) error {
	return t.writers.end(w.Key, func(alone bool) error {
		if stored && alone && !w.Deleted {
			return t.keep(w.Key, w.Entry)
		}
		return t.Invalidate(w.Key)
	})
}
