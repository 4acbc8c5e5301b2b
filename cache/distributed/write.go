package distributed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/olric-data/olric"

	"github.com/mantisdb/mantisdb/cache/distributed/internal/fragments"
	"github.com/mantisdb/mantisdb/storage"
)

// Condition says when a value is stored.
type Condition uint8

// The conditions.
const (
	Always    Condition = iota
	IfAbsent            // the key has no value
	IfPresent           // the key has one
)

// SetOptions qualify a value that is stored.
type SetOptions struct {
	// ExpiresAt is when the value expires, in Unix milliseconds; 0 is never.
	ExpiresAt int64
	Condition Condition
}

// Set stores value under key. It is ErrNotStored if the condition does not hold. After an
// ErrUnknownOutcome the key may have the new value, the one before, or none.
func (c *Cache) Set(ctx context.Context, key, value []byte, o SetOptions) error {
	if len(value) > MaxValueLen {
		return fmt.Errorf("%w: %d bytes, of at most %d", storage.ErrValueTooLarge, len(value), MaxValueLen)
	}
	var options []olric.PutOption
	switch o.Condition {
	case IfAbsent:
		options = append(options, olric.NX())
	case IfPresent:
		options = append(options, olric.XX())
	}
	return c.write(ctx, fragments.Item{Kind: fragments.Value, Key: key, Value: value, ExpiresAt: o.ExpiresAt}, options...)
}

// MaxValueLen is the length of the longest value, in bytes: an entry has its key and more beside.
const MaxValueLen = storage.MaxValueLen - storage.MaxKeyLen - 64

// Delete removes key, which need not exist, and tells whether it had a value just before.
func (c *Cache) Delete(ctx context.Context, key []byte) (existed bool, err error) {
	return c.change(ctx, fragments.Item{Kind: fragments.Removal, Key: key})
}

// Expire sets when the value of key expires, in Unix milliseconds, 0 for never, and tells
// whether it had a value just before. A time that has passed removes it.
func (c *Cache) Expire(ctx context.Context, key []byte, at int64) (existed bool, err error) {
	return c.change(ctx, fragments.Item{Kind: fragments.Expiry, Key: key, ExpiresAt: at})
}

// change writes an item that concerns what is there. Olric does not say what it found, so it is
// looked up before. It is done in any case: what is not found may only be out of reach.
func (c *Cache) change(ctx context.Context, item fragments.Item) (existed bool, err error) {
	if _, err = c.Get(ctx, item.Key); err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return err == nil, c.write(ctx, item)
}

func (c *Cache) write(ctx context.Context, item fragments.Item, options ...olric.PutOption) error {
	if err := storage.CheckKey(item.Key); err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	request := item.Request(time.Now())
	ctx, cancel := context.WithTimeout(ctx, call)
	defer cancel()
	err = writeError(keys.Put(ctx, string(item.Key), request, options...))
	if mayBeOnItsWay(err) {
		<-ctx.Done()
	}
	if err == nil {
		c.counts.writes.Add(1)
	}
	return err
}

// mayBeOnItsWay tells of a write that failed whether it may yet be done: a network that is whole again
// delivers what was sent before. Who wrote it is not told before that is over, since what is written next
// is to come after it. Of a node that is gone nothing is on its way.
func mayBeOnItsWay(err error) bool {
	return errors.Is(err, ErrUnknownOutcome) && !strings.Contains(err.Error(), syscall.ECONNREFUSED.Error())
}
