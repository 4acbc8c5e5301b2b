package bench

import "encoding/binary"

// Lengths in bytes of all keys and values.
const (
	keyLen   = 16
	valueLen = 100
)

// keyPrefix and twelve decimal digits make a key, so that keys sort as their
// numbers do.
const (
	keyPrefix = "key:"
	keyLimit  = 1_000_000_000_000 // key numbers are below it
)

// digitPairs holds "00" to "99", to build keys two digits a step.
var digitPairs = func() (pairs [200]byte) {
	for i := range 100 {
		pairs[2*i], pairs[2*i+1] = byte('0'+i/10), byte('0'+i%10)
	}
	return pairs
}()

// fillKey writes the key of a number into dst, which is keyLen bytes long.
func fillKey(dst []byte, number uint64) {
	_ = dst[keyLen-1]
	copy(dst, keyPrefix)
	for i := keyLen - 2; i >= len(keyPrefix); i -= 2 {
		pair := number % 100 * 2
		number /= 100
		dst[i], dst[i+1] = digitPairs[pair], digitPairs[pair+1]
	}
}

// parseKey is the number of a key, and whether it is a key of the benchmark.
func parseKey(key []byte) (number uint64, ok bool) {
	if len(key) != keyLen || string(key[:len(keyPrefix)]) != keyPrefix {
		return 0, false
	}
	for _, c := range key[len(keyPrefix):] {
		if c < '0' || c > '9' {
			return 0, false
		}
		number = number*10 + uint64(c-'0')
	}
	return number, true
}

// A value is a function of its key's number and of its generation, which grows
// with every overwrite of the key (little-endian):
//
//	key number u64 | generation u64 | filler
//
// The filler is a pseudo-random stream that both numbers seed: it does not
// compress, and bytes of two generations or two keys never pass for one value.
const (
	fillerStart = 16
	fillerWords = (valueLen - fillerStart) / 8
	fillerTail  = fillerStart + 8*fillerWords // the four bytes that are left
)

// fillValue writes a value into dst, which is valueLen bytes long.
func fillValue(dst []byte, number, generation uint64) {
	v := (*[valueLen]byte)(dst)
	binary.LittleEndian.PutUint64(v[:], number)
	binary.LittleEndian.PutUint64(v[8:], generation)
	state := fillerSeed(number, generation)
	for i := fillerStart; i < fillerTail; i += 8 {
		binary.LittleEndian.PutUint64(v[i:i+8], fillerWord(state))
		state += mulA
	}
	binary.LittleEndian.PutUint32(v[fillerTail:], uint32(fillerWord(state)))
}

// checkValue compares every byte of a value with what fillValue writes for the
// key and for the generation that the value claims, and returns that generation.
func checkValue(value []byte, number uint64) (generation uint64, ok bool) {
	if len(value) != valueLen {
		return 0, false
	}
	v := (*[valueLen]byte)(value)
	generation = binary.LittleEndian.Uint64(v[8:])
	difference := binary.LittleEndian.Uint64(v[:]) ^ number
	state := fillerSeed(number, generation)
	for i := fillerStart; i < fillerTail; i += 8 {
		difference |= binary.LittleEndian.Uint64(v[i:i+8]) ^ fillerWord(state)
		state += mulA
	}
	difference |= uint64(binary.LittleEndian.Uint32(v[fillerTail:]) ^ uint32(fillerWord(state)))
	return generation, difference == 0
}

// The multipliers are odd, with bits spread as those of common 64-bit hashes.
const (
	mulA = 0x9E3779B97F4A7C15
	mulB = 0xD6E8FEB86659FD93
	mulC = 0xC2B2AE3D27D4EB4F
)

func fillerSeed(number, generation uint64) uint64 {
	x := number*mulA ^ generation*mulC
	x = (x ^ x>>32) * mulB
	return x ^ x>>29
}

// fillerWord makes the next eight bytes of filler. Only an addition leads from
// the state of one word to that of the next, so that the processor computes
// several words at once.
func fillerWord(state uint64) uint64 {
	x := state * mulB
	return x ^ x>>32
}
