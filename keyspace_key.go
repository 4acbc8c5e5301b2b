package mantisdb

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/mantisdb/mantisdb/storage"
)

// Engines have one space of keys. That of each keyspace is a part of it, in which the
// order of its keys is kept:
//
//	00 00 | id u32, big-endian | key    a key of the keyspace with that id
//	00 01 | rest                        the key 00 | rest of the default keyspace
//	key                                 every other key of the default keyspace
//
// So the default keyspace is all from 00 01 on, and stores its keys as they are, but
// for those that begin with a zero. The keyspaces before it are next to each other,
// each one range.
const (
	namedMark      = 0x00
	plainMark      = 0x01
	namedPrefixLen = 2 + 4
)

// An engine takes the longest key of every keyspace.
const _ = uint(storage.MaxKeyLen - namedPrefixLen - MaxKeyLen)

// systemID is the id of the keyspace that holds what the database knows of itself.
const systemID = 0

// CheckKey returns nil if key may be stored: 1 to MaxKeyLen bytes of any kind. Else it
// is ErrKeyEmpty or ErrKeyTooLarge.
func CheckKey(key []byte) error {
	if len(key) > MaxKeyLen {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrKeyTooLarge, len(key), MaxKeyLen)
	}
	return storage.CheckKey(key)
}

// isSystemKey tells whether a stored key is one of the system keyspace.
func isSystemKey(stored []byte) bool { return bytes.HasPrefix(stored, systemPrefix()) }

// systemPrefix is what the stored keys of the system keyspace begin with.
func systemPrefix() []byte {
	system := regionOf(systemID)
	return system.prefix[:]
}

// region is where a keyspace's keys are stored. The zero value is that of the default
// keyspace.
type region struct {
	named  bool
	prefix [namedPrefixLen]byte // if named
}

// regionOf is the region of the keyspace with an id.
func regionOf(id uint32) region {
	g := region{named: true, prefix: [namedPrefixLen]byte{0, namedMark}}
	binary.BigEndian.PutUint32(g.prefix[2:], id)
	return g
}

// keeps tells whether a key, which is not empty, is stored as it is.
func (g *region) keeps(key []byte) bool { return !g.named && key[0] != 0 }

// append appends a key as it is stored. The empty key, which nobody has, becomes the
// region's start.
func (g *region) append(dst, key []byte) []byte {
	switch {
	case g.named:
		dst = append(dst, g.prefix[:]...)
	case len(key) == 0:
		dst = append(dst, 0, plainMark)
	case key[0] == 0:
		dst = append(dst, 0, plainMark)
		key = key[1:]
	}
	return append(dst, key...)
}

// key is the user's key of one that is stored in the region, borrowed from it or from
// room, which is changed.
func (g *region) key(stored []byte, room *[]byte) []byte {
	switch {
	case g.named:
		return stored[namedPrefixLen:]
	case stored[0] != 0:
		return stored
	}
	*room = append(append((*room)[:0], 0), stored[2:]...)
	return *room
}

// bounds is a range of the keyspace as the engine knows it. It borrows nothing.
func (g *region) bounds(r Range) Range {
	r.Start = g.append(nil, r.Start)
	switch {
	case string(r.End) == "\x00":
		r.End = g.append(nil, nil) // no key is less
	case r.End != nil:
		r.End = g.append(nil, r.End)
	case g.named:
		r.End = storage.Prefix(g.prefix[:]).End
	}
	return r
}

// parts are the bounds of a stored range, which lies in the region, as the user knows
// them: nil where the region begins or ends. They are borrowed as key's result is.
func (g *region) parts(stored Range, startRoom, endRoom *[]byte) (start, end []byte) {
	all := g.bounds(Range{})
	if !bytes.Equal(stored.Start, all.Start) {
		start = g.key(stored.Start, startRoom)
	}
	if !bytes.Equal(stored.End, all.End) {
		end = g.key(stored.End, endRoom)
	}
	return start, end
}

// deletion is bounds of a range to be deleted, whose bounds may be no longer than
// keys. It has no limit: a deletion cannot tell which part of a range is meant.
func (g *region) deletion(r Range) (Range, error) {
	if err := r.CheckNoLimit(); err != nil {
		return Range{}, err
	}
	for _, bound := range [...][]byte{r.Start, r.End} {
		if len(bound) > MaxKeyLen {
			return Range{}, CheckKey(bound)
		}
	}
	return g.bounds(r), nil
}
