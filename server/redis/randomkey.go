package redis

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"github.com/mantisdb/mantisdb"
)

// randomSteps is how far RANDOMKEY may walk from where it begins.
const randomSteps = 32

// randomKey is RANDOMKEY. The database knows its keys by their order and not by their
// rank, so that none can be drawn that is as likely as any other. A point between the
// first key and the last is drawn instead, and from there up to 31 steps are made in a
// random direction, around at the ends.
//
// In a database of a few keys all are about as likely. In a larger one, a key is the
// likelier the wider the gaps are between it and its next 31 neighbours on either side, as
// numbers of the first eight bytes in which the first and the last key differ; of keys of
// random bytes that is about as likely as any other.
func randomKey(r *Request) error {
	it := r.keys().Iterator(mantisdb.Range{KeysOnly: true})
	defer it.Close()
	if !it.First() {
		if err := it.Err(); err != nil {
			return err
		}
		r.out.Null()
		return nil
	}
	first := bytes.Clone(it.Key())
	if it.Last() {
		it.Seek(pointBetween(first, it.Key()))
	}
	step := stepper(it, rand.N(2) == 0)
	for range rand.N(randomSteps) {
		if !step() {
			break
		}
	}
	// Any move may end at a key that has expired just now, and be at none.
	if !it.Valid() && it.Err() == nil {
		it.First()
	}
	if err := it.Err(); err != nil {
		return err
	}
	if !it.Valid() {
		r.out.Null()
		return nil
	}
	r.out.Bulk(it.Key())
	return nil
}

// shuffled are the numbers below n in a random order.
func shuffled(n int) []int { return rand.Perm(n) }

// stepper moves an iterator by one, around at the end, and tells whether there is any key.
func stepper(it *mantisdb.Iterator, back bool) func() bool {
	if back {
		return func() bool { return it.Prev() || it.Last() }
	}
	return func() bool { return it.Next() || it.First() }
}

// pointBetween is a random key from first to last, which need not exist.
func pointBetween(first, last []byte) []byte {
	same := 0
	for same < len(first) && same < len(last) && first[same] == last[same] {
		same++
	}
	low, high := number(first[same:]), number(last[same:])
	if n := high - low + 1; n != 0 {
		low += rand.Uint64N(n)
	} else {
		low = rand.Uint64()
	}
	return binary.BigEndian.AppendUint64(bytes.Clone(first[:same]), low)
}

// number is the number that the first eight bytes are, with zeros for those that are
// missing.
func number(key []byte) uint64 {
	var digits [8]byte
	copy(digits[:], key)
	return binary.BigEndian.Uint64(digits[:])
}
