package storage

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"
)

// Beside each value with an expiry, the engine writes a note that says when to
// look whether it is still there:
//
//	expirySpace | due in Unix milliseconds u64, big-endian | key  ->  nothing
//
// Notes are in the order in which they come due, so that a sweep finds what has
// expired without a search. A value that is overwritten or deleted leaves its
// note behind, for to remove it would take a read before each write. So that a
// key which is refreshed over and over does not pile up notes, due is the expiry
// rounded up to a step of between 1/32 and 1/16 of the time to live: a key has
// then no more than about 32 of them, since equal ones are one.
const expirySpace byte = 0x03

const noteHeaderLen = 1 + 8

// minDueStep is the least step, in milliseconds.
const minDueStep = 16

// dueFor is when to look for a value that expires at expiresAt: not before.
func dueFor(expiresAt, now int64) int64 {
	step := int64(minDueStep)
	if sixteenth := (expiresAt - now) / 16; sixteenth > step {
		step = 1 << (bits.Len64(uint64(sixteenth)) - 1)
	}
	if expiresAt > noExpiry-step {
		return noExpiry
	}
	return (expiresAt + step - 1) / step * step
}

// batchNote adds the note of a value that expires.
func batchNote(b *pebble.Batch, key []byte, due int64) error {
	op := b.SetDeferred(noteHeaderLen+len(key), 0)
	putNote(op.Key, key, due)
	return op.Finish()
}

func batchDeleteNote(b *pebble.Batch, n note) error {
	op := b.DeleteDeferred(noteHeaderLen + len(n.key))
	putNote(op.Key, n.key, n.due)
	return op.Finish()
}

func putNote(p, key []byte, due int64) {
	p[0] = expirySpace
	binary.BigEndian.PutUint64(p[1:], uint64(due))
	copy(p[noteHeaderLen:], key)
}

// note is a parsed note.
type note struct {
	due int64
	key []byte // of the user
}

// parseNote parses a key of the expiry space, and copies the user's key.
func parseNote(p []byte) (note, error) {
	if len(p) <= noteHeaderLen || p[0] != expirySpace {
		return note{}, fmt.Errorf("%w: an expiry note of %d bytes", ErrCorrupt, len(p))
	}
	return note{
		due: int64(binary.BigEndian.Uint64(p[1:])),
		key: append([]byte(nil), p[noteHeaderLen:]...),
	}, nil
}
