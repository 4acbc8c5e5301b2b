package work

import "encoding/binary"

const (
	// KeyLen is the length of every key in bytes.
	KeyLen = 16
	// MinValueLen is the shortest value that can carry what CheckValue checks.
	MinValueLen = 16
)

// Key writes the key of number id, which is below 10^12: "key:" and twelve
// digits. Keys are ordered as their numbers.
func Key(dst *[KeyLen]byte, id uint64) []byte {
	copy(dst[:], "key:")
	for i := KeyLen - 1; i >= 4; i-- {
		dst[i] = '0' + byte(id%10)
		id /= 10
	}
	return dst[:]
}

// ID is the number of a key, if it is one.
func ID(key []byte) (id uint64, ok bool) {
	if len(key) != KeyLen || string(key[:4]) != "key:" {
		return 0, false
	}
	for _, digit := range key[4:] {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		id = id*10 + uint64(digit-'0')
	}
	return id, true
}

// Value fills dst, of at least MinValueLen bytes, with the value of key number id
// in a generation. It begins with id in eight bytes, little-endian. Random bytes
// follow up to the middle, and the second half repeats the first: so LZ4 and
// Snappy can take away about half of it, and nothing across values.
func Value(dst []byte, id, generation uint64) {
	half := len(dst) / 2
	binary.LittleEndian.PutUint64(dst, id)
	state := mix(id ^ mix(generation))
	at := 8
	for ; at+8 <= half; at += 8 {
		state += golden
		binary.LittleEndian.PutUint64(dst[at:], mix(state))
	}
	var last [8]byte
	binary.LittleEndian.PutUint64(last[:], mix(state+golden))
	copy(dst[at:half], last[:])
	for at = half; at < len(dst); {
		at += copy(dst[at:], dst[:at])
	}
}

// CheckValue tells whether value is one of key number id, of any generation, and
// has the length.
func CheckValue(value []byte, id uint64, length int) bool {
	return len(value) == length && binary.LittleEndian.Uint64(value) == id
}
