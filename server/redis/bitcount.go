package redis

import (
	"encoding/binary"
	"math/bits"
)

// bitRange are bits of a string, the last one included; there are none if that is before
// the first.
type bitRange struct{ first, last int64 }

// bitcount is BITCOUNT key [start end [BYTE | BIT]].
func bitcount(r *Request) error {
	value, found, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	// Without a value, Redis looks at no other argument.
	if !found {
		r.out.Int(0)
		return nil
	}
	part := bitRange{0, int64(len(value.Bytes))*8 - 1}
	switch len(r.args) {
	case 2:
	case 4, 5:
		if part, err = r.countedBits(int64(len(value.Bytes))); err != nil {
			return err
		}
	default:
		return errSyntax
	}
	r.out.Int(part.ones(value.Bytes))
	return nil
}

// countedBits is the range of BITCOUNT in a string of so many bytes.
func (r *Request) countedBits(length int64) (bitRange, error) {
	start, err := r.int(2)
	if err != nil {
		return bitRange{}, err
	}
	end, err := r.int(3)
	if err != nil {
		return bitRange{}, err
	}
	if backwards(start, end) {
		return bitRange{0, -1}, nil
	}
	inBits, err := r.unitIsBit(4)
	if err != nil {
		return bitRange{}, err
	}
	return bitsOf(start, end, length, inBits), nil
}

// unitIsBit tells whether an argument says that indexes are of bits; without it, and as
// BYTE, they are of bytes.
func (r *Request) unitIsBit(i int) (bool, error) {
	switch {
	case i >= len(r.args) || is(r.args[i], "BYTE"):
		return false, nil
	case is(r.args[i], "BIT"):
		return true, nil
	}
	return false, errSyntax
}

// bitsOf is the range from start to end in a string of so many bytes.
func bitsOf(start, end, length int64, inBits bool) bitRange {
	if inBits {
		first, last := indexes(start, end, length*8)
		return bitRange{first, last}
	}
	first, last := indexes(start, end, length)
	return bitRange{first * 8, last*8 + 7}
}

// ones is how many bits of the range are set.
func (b bitRange) ones(value []byte) int64 {
	if b.first > b.last {
		return 0
	}
	part := value[b.first>>3 : b.last>>3+1]
	before := bits.OnesCount8(part[0] >> (8 - b.first&7))
	after := bits.OnesCount8(part[len(part)-1] << (b.last&7 + 1))
	n := -before - after
	for ; len(part) >= 8; part = part[8:] {
		n += bits.OnesCount64(binary.NativeEndian.Uint64(part))
	}
	for _, b := range part {
		n += bits.OnesCount8(b)
	}
	return int64(n)
}

// bitpos is BITPOS key bit [start [end [BYTE | BIT]]].
func bitpos(r *Request) error {
	wanted, err := r.int(2)
	if err != nil {
		return err
	}
	if wanted != 0 && wanted != 1 {
		return Error("ERR The bit argument must be 1 or 0.")
	}
	value, found, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	// A key without a value is zeros without an end, whatever the other arguments are.
	if !found {
		r.out.Int(-wanted)
		return nil
	}
	part, err := r.searchedBits(int64(len(value.Bytes)))
	if err != nil {
		return err
	}
	position := part.find(value.Bytes, wanted == 1)
	// Unless the end is given, zeros follow the string.
	if position < 0 && wanted == 0 && len(r.args) < 5 && part.first <= part.last {
		position = part.last + 1
	}
	r.out.Int(position)
	return nil
}

// searchedBits is the range of BITPOS in a string of so many bytes.
func (r *Request) searchedBits(length int64) (bitRange, error) {
	if len(r.args) > 6 {
		return bitRange{}, errSyntax
	}
	start, end := int64(0), int64(-1)
	var err error
	if len(r.args) > 3 {
		if start, err = r.int(3); err != nil {
			return bitRange{}, err
		}
	}
	inBits, err := r.unitIsBit(5)
	if err != nil {
		return bitRange{}, err
	}
	if len(r.args) > 4 {
		if end, err = r.int(4); err != nil {
			return bitRange{}, err
		}
	}
	return bitsOf(start, end, length, inBits), nil
}

// find is the place of the first bit of the range that is set, or clear; -1 for none.
func (b bitRange) find(value []byte, set bool) int64 {
	if b.first > b.last {
		return -1
	}
	flip := byte(0xff)
	if set {
		flip = 0
	}
	first, last := b.first>>3, b.last>>3
	for i := first; i <= last; i++ {
		found := value[i] ^ flip
		if i == first {
			found &= 0xff >> (b.first & 7)
		}
		if i == last {
			found &= 0xff << (7 - b.last&7)
		}
		if found != 0 {
			return i*8 + int64(bits.LeadingZeros8(found))
		}
		i += skippable(value[i+1:last+1], flip)
	}
	return -1
}

// skippable is how many bytes are all flip, in eights; the last byte is none of them.
func skippable(value []byte, flip byte) (n int64) {
	word := uint64(flip) * 0x0101010101010101
	for len(value) > 8 && binary.NativeEndian.Uint64(value) == word {
		value = value[8:]
		n += 8
	}
	return n
}
