package storage

import (
	"encoding/binary"
	"fmt"
)

// Everything in Pebble lies under a key space byte: the engine's own records
// apart from the user's. There is a third space, for expirySpace.
const (
	metaSpace byte = 0x01
	userSpace byte = 0x02
)

// recordHeaderLen is the length of what precedes a value in Pebble:
//
//	version u64 | expiry in Unix milliseconds u64 | value
//
// both little-endian.
const recordHeaderLen = 8 + 8

func putRecordHeader(p []byte, m Meta) {
	binary.LittleEndian.PutUint64(p, m.Version)
	binary.LittleEndian.PutUint64(p[8:], uint64(m.ExpiresAt))
}

// parseRecord splits a stored record; the value is a part of it.
func parseRecord(p []byte) (value []byte, m Meta, err error) {
	if len(p) < recordHeaderLen {
		return nil, Meta{}, fmt.Errorf("%w: a record of %d bytes has no header", ErrCorrupt, len(p))
	}
	m.Version = binary.LittleEndian.Uint64(p)
	m.ExpiresAt = int64(binary.LittleEndian.Uint64(p[8:]))
	return p[recordHeaderLen:], m, nil
}

// appendUserKey appends the key in Pebble of a user's key.
func appendUserKey(dst, key []byte) []byte { return append(append(dst, userSpace), key...) }
