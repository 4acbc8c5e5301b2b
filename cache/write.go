package cache

import (
	"fmt"
	"time"
)

// Set stores value under key. With Options.TTL it expires.
//
// An entry that is too large for the cache is ErrTooLarge; the key is then absent.
func (c *Cache) Set(key, value []byte) error { return c.SetWith(key, value, EntryOptions{}) }

// SetTTL stores value under key for ttl, rounded up to whole milliseconds; 0 is
// Options.TTL, Forever is for ever.
func (c *Cache) SetTTL(key, value []byte, ttl time.Duration) error {
	return c.SetWith(key, value, EntryOptions{TTL: ttl})
}

// SetWith stores value under key, as o says.
func (c *Cache) SetWith(key, value []byte, o EntryOptions) error {
	e, err := c.entry(key, &o)
	if err != nil {
		return err
	}
	c.flights.detach(key)
	if err := checkValue(value); err != nil {
		_, _ = c.engine.delete(key)
		return err
	}
	return c.engine.set(key, value, e)
}

// SetIfAbsent stores value under key if the key has no live entry, as o says, and tells
// whether it did.
func (c *Cache) SetIfAbsent(key, value []byte, o EntryOptions) (stored bool, err error) {
	e, err := c.entry(key, &o)
	if err != nil {
		return false, err
	}
	if err := checkValue(value); err != nil {
		return false, err
	}
	c.flights.detach(key)
	return c.engine.setIfAbsent(key, value, e)
}

// Delete removes key, which need not exist, and tells whether it had a live entry.
func (c *Cache) Delete(key []byte) (deleted bool, err error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	c.flights.detach(key)
	return c.engine.delete(key)
}

// DeletePrefix removes every entry whose key begins with prefix, and tells how many. See
// Options.Ordered for the time that it takes. What is stored meanwhile may stay. What has
// expired may count, until it is removed.
func (c *Cache) DeletePrefix(prefix []byte) (deleted uint64, err error) {
	if len(prefix) == 0 {
		return c.Clear()
	}
	if err := checkKey(prefix); err != nil {
		return 0, err
	}
	c.flights.detachPrefix(prefix)
	return c.engine.deletePrefix(prefix)
}

// DeleteTag removes every entry that carries tag, and tells how many, in a time that
// grows with their number. What is stored meanwhile may stay, and what has expired may
// count.
func (c *Cache) DeleteTag(tag string) (deleted uint64, err error) {
	if err := checkTag(tag); err != nil {
		return 0, err
	}
	c.flights.dropTag(tag)
	return c.engine.deleteTag(tag)
}

// Clear removes every entry, and tells how many. What is stored meanwhile may stay, and
// what has expired may count.
func (c *Cache) Clear() (deleted uint64, err error) {
	c.flights.detachPrefix(nil)
	return c.engine.clear()
}

// entry checks what qualifies a write, and is the options as the engine has them.
func (c *Cache) entry(key []byte, o *EntryOptions) (entryOptions, error) {
	if err := checkKey(key); err != nil {
		return entryOptions{}, err
	}
	if err := o.check(); err != nil {
		return entryOptions{}, err
	}
	return entryOptions{expiresAt: c.clock.expiry(o, c.ttl), tags: o.Tags}, nil
}

func checkValue(value []byte) error {
	if len(value) > MaxValueLen {
		return fmt.Errorf("%w: a value of %d bytes, of at most %d", ErrTooLarge, len(value), MaxValueLen)
	}
	return nil
}
