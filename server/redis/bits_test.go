package redis

import (
	"math/rand/v2"
	"testing"
)

func TestBitReplies(t *testing.T) {
	const (
		badOffset = replyError(errBitOffset)
		badBit    = replyError("ERR bit is not an integer or out of range")
	)
	newTestServer(t).dial(t).converse([]exchange{
		{"GETBIT k 7", 0},
		{"SETBIT k 7 1", 0},
		{"GET k", "\x01"},
		{"SETBIT k 7 0", 1},
		{"SETBIT k 7 0", 0},
		{"GET k", "\x00"},
		{"SETBIT k 16 1", 0},
		{"GET k", "\x00\x00\x80"},
		{"GETBIT k 16", 1},
		{"GETBIT k 17", 0},
		{"GETBIT k 536870911", 0},
		{"GETBIT k 536870912", badOffset},
		{"GETBIT k -1", badOffset},
		{"SETBIT k x 1", badOffset},
		{"SETBIT k 9223372036854775807 1", badOffset},
		{"SETBIT k 0 2", badBit},
		{"SETBIT k 0 -1", badBit},
		{"SETBIT k 0 x", badBit},
	})
}

func TestBitcountReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{"BITCOUNT k", 0},
		// Without a value, Redis looks at no other argument.
		{"BITCOUNT k x", 0},
		{`SET k "foobar"`, "OK"},
		{"BITCOUNT k", 26},
		{"BITCOUNT k 0 0", 4},
		{"BITCOUNT k 1 1 BYTE", 6},
		{"BITCOUNT k 5 30 BIT", 17},
		{"BITCOUNT k 5 -1 BIT", 24},
		{"BITCOUNT k 3 2", 0},
		{"BITCOUNT k -100 -200 bogus", 0},
		{"BITCOUNT k 0 9223372036854775807", 26},
		{"BITCOUNT k 9223372036854775807 9223372036854775807", 0},
		{"BITCOUNT k 1", syntax},
		{"BITCOUNT k 0 1 bogus", syntax},
		{"BITCOUNT k 0 1 BIT x", syntax},
		{"BITCOUNT k 0 x", notInteger},
		{`SET k ""`, "OK"},
		{"BITCOUNT k 0 -1", 0},
		{"BITCOUNT k 0 -1 BIT", 0},
	})
}

func TestBitposReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{"BITPOS k 0", 0},
		{"BITPOS k 1", -1},
		{"BITPOS k 1 x", -1},
		{`SET k "\xff\xf0\x00"`, "OK"},
		{"BITPOS k 0", 12},
		{"BITPOS k 1 2", -1},
		{"BITPOS k 1 1", 8},
		{"BITPOS k 0 0 0", -1},
		{"BITPOS k 0 5 11 BIT", -1},
		{"BITPOS k 0 5 12 BIT", 12},
		{"BITPOS k 1 9 -1 BIT", 9},
		{"BITPOS k 1 -8 -1 BIT", -1},
		{"BITPOS k 0 9223372036854775807", -1},
		{"BITPOS k 0 9223372036854775807 9223372036854775807 BIT", -1},
		{`SET k "\xff\xff"`, "OK"},
		{"BITPOS k 0", 16},
		{"BITPOS k 0 1", 16},
		{"BITPOS k 0 0 -1", -1},
		{"BITPOS k 0 2", -1},
		{`SET k ""`, "OK"},
		{"BITPOS k 0", -1},
		{"BITPOS k 2", replyError("ERR The bit argument must be 1 or 0.")},
		{"BITPOS k x", notInteger},
		{"BITPOS k 1 0 -1 bogus", syntax},
		{"BITPOS k 1 0 -1 BIT x", syntax},
	})
}

func TestBitopReplies(t *testing.T) {
	newTestServer(t).dial(t).converse([]exchange{
		{`MSET a "\xf0\xff\x01\x02\x03\x04\x05\x06\x07\x08" b "\x3c"`, "OK"},
		{"BITOP AND d a b", 10},
		{"GET d", "\x30\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"BITOP or d b a", 10},
		{"GET d", "\xfc\xff\x01\x02\x03\x04\x05\x06\x07\x08"},
		{"BITOP XOR d a a", 10},
		{"GET d", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"BITOP NOT b b", 1},
		{"GET b", "\xc3"},
		{"BITOP AND d b none", 1},
		{"GET d", "\x00"},
		{"BITOP OR d none nil", 0},
		{"GET d", nil},
		{"BITOP NOT d a b", replyError("ERR BITOP NOT must be called with a single source key.")},
		{"BITOP NAND d a b", syntax},
		{"BITOP AND d", wrongArity("bitop")},
	})
}

// Counts and places of bits are those that are found one by one.
func TestBitRangesOfRandomStrings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		value := make([]byte, random.IntN(40))
		if random.IntN(2) == 0 {
			for i := range value {
				value[i] = byte(random.Uint32())
			}
		}
		if len(value) > 0 {
			value[random.IntN(len(value))] = byte(random.Uint32())
		}
		end := int64(len(value)) * 8
		part := bitsOf(random.Int64N(end+20)-10, random.Int64N(end+20)-10, int64(len(value)), true)
		ones, first := int64(0), [2]int64{-1, -1}
		for i := part.first; i <= part.last; i++ {
			b := bit(value, i)
			ones += int64(b)
			if first[b] < 0 {
				first[b] = i
			}
		}
		if got := part.ones(value); got != ones {
			t.Fatalf("%x has %d bits in %v, want %d", value, got, part, ones)
		}
		if zero, one := part.find(value, false), part.find(value, true); zero != first[0] || one != first[1] {
			t.Fatalf("%x has the first bits of %v at %d and %d, want %v", value, part, zero, one, first)
		}
	}
}
