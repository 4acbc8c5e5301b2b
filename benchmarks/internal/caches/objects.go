package caches

import (
	"bytes"
	"strings"
)

// objects is a cache of Go's objects, of which a peer's package gives one.
type objects interface {
	get(key string) ([]byte, bool)
	put(key string, value []byte)
	// entries is exact once all that was put has been taken in.
	entries() uint64
	close()
}

// lender is a cache as it is: it lends the values that it has, and keeps the strings that
// it is given, which are made beforehand.
type lender struct {
	objects
	keys *Keys
}

func lending(open func(room uint64) (objects, error)) func(*Keys, uint64) (Cache, error) {
	return func(keys *Keys, room uint64) (Cache, error) {
		c, err := open(room)
		return &lender{c, keys}, err
	}
}

func (l *lender) Reader() func(uint32) (bool, error) {
	return func(id uint32) (bool, error) {
		value, ok := l.get(l.keys.text(id))
		if !ok {
			return false, nil
		}
		return true, verify(id, value)
	}
}

func (l *lender) Put(id uint32, value []byte) error {
	l.put(l.keys.text(id), bytes.Clone(value))
	return nil
}

func (l *lender) Entries() (uint64, error) { return l.entries(), nil }

func (l *lender) Close() error {
	l.close()
	return nil
}

// copier is a cache as a program uses it that wants what MantisDB does.
type copier struct{ lender }

func copying(open func(room uint64) (objects, error)) func(*Keys, uint64) (Cache, error) {
	return func(keys *Keys, room uint64) (Cache, error) {
		c, err := open(room)
		return &copier{lender{c, keys}}, err
	}
}

func (c *copier) Reader() func(uint32) (bool, error) {
	buf := make([]byte, 0, 2*ValueLen)
	return func(id uint32) (bool, error) {
		value, ok := c.get(c.keys.text(id))
		if !ok {
			return false, nil
		}
		buf = append(buf[:0], value...)
		return true, verify(id, buf)
	}
}

func (c *copier) Put(id uint32, value []byte) error {
	c.put(strings.Clone(c.keys.text(id)), bytes.Clone(value))
	return nil
}
