package redis

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestBitfieldReplies(t *testing.T) {
	const badType = replyError("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
	newTestServer(t).dial(t).converse([]exchange{
		{"BITFIELD k", replies()},
		{"BITFIELD k GET u8 0 GET i64 100", replies(0, 0)},
		{"BITFIELD k SET i8 0 -100 SET i8 #1 101 GET u16 0", replies(0, 0, 40037)},
		{"GET k", "\x9c\x65"},
		{"BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", replies(1, 1)},
		{"BITFIELD k INCRBY u2 100 5 OVERFLOW SAT INCRBY u2 102 5", replies(2, 3)},
		{"BITFIELD k OVERFLOW FAIL INCRBY u2 102 1 GET u2 102", replies(nil, 3)},
		{"BITFIELD k OVERFLOW SAT INCRBY i8 0 -100 GET i8 0", replies(-128, -128)},
		{"BITFIELD k OVERFLOW WRAP INCRBY i8 0 -1", replies(127)},
		{"BITFIELD k SET i64 0 -9223372036854775808 INCRBY i64 0 -1", replies(9179743415464624128, 9223372036854775807)},
		{"BITFIELD k OVERFLOW SAT SET u8 0 -1 GET u8 0 SET i8 0 -1000 GET i8 0", replies(127, 255, -1, -128)},
		{"BITFIELD new OVERFLOW FAIL INCRBY u1 0 5", replies(nil)},
		// The value has grown nonetheless, as in Redis.
		{"GET new", "\x00"},
		{"BITFIELD k GET u64 0", badType},
		{"BITFIELD k GET i65 0", badType},
		{"BITFIELD k GET u0 0", badType},
		{"BITFIELD k GET 8 0", badType},
		{`BITFIELD k GET "" 0`, badType},
		{"BITFIELD k GET u8 -1", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #-1", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #67108864", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #9223372036854775807", replyError(errBitOffset)},
		{"BITFIELD k SET u8 0 x", notInteger},
		{"BITFIELD k OVERFLOW bogus", replyError("ERR Invalid OVERFLOW type specified")},
		{"BITFIELD k OVERFLOW", syntax},
		{"BITFIELD k GET u8", syntax},
		{"BITFIELD k SET u8 0", syntax},
		{"BITFIELD k bogus u8 0", syntax},
		{"BITFIELD_RO k GET i8 0 OVERFLOW SAT GET u1 0", replies(-128, 1)},
		{"BITFIELD_RO k", replies()},
		{"BITFIELD_RO k GET u8 0 SET u8 0 1", replyError("ERR BITFIELD_RO only supports the GET subcommand")},
		{"BITFIELD", wrongArity("bitfield")},
	})
}

// What is written is read, and nothing beside it changes.
func TestIntegersInRandomStrings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		kind := randomIntegerType(random)
		value := make([]byte, 20)
		for i := range value {
			value[i] = byte(random.Uint32())
		}
		before := append([]byte(nil), value...)
		offset := random.Int64N(160 - int64(kind.bits) + 1)
		n := kind.lowBits(random.Uint64())
		kind.write(value, offset, n)
		if got := kind.read(value, offset); got != n {
			t.Fatalf("%v at %d: read %d, want %d", kind, offset, got, n)
		}
		for i := range int64(160) {
			if (i < offset || i >= offset+int64(kind.bits)) && bit(value, i) != bit(before, i) {
				t.Fatalf("%v at %d: the bit %d has changed", kind, offset, i)
			}
		}
	}
}

// Sums fit if they do in numbers of any length; else they are their low bits, or the
// nearest bound.
func TestSumsOfRandomIntegers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		kind := randomIntegerType(random)
		a := kind.lowBits(random.Uint64() >> random.IntN(64))
		b := int64(random.Uint64()) >> random.IntN(64)
		exact := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		least, most := kind.bounds()
		fits := exact.Cmp(big.NewInt(least)) >= 0 && exact.Cmp(big.NewInt(most)) <= 0
		nearest := least
		if exact.Sign() > 0 {
			nearest = most
		}
		low := new(big.Int).And(exact, new(big.Int).SetUint64(1<<64-1)).Uint64()
		wrapped, fitsToo := kind.sum(a, b, overflowWrap)
		if fitsToo != fits || wrapped != kind.lowBits(low) {
			t.Fatalf("%v: %d + %d is %d, fits %v", kind, a, b, wrapped, fitsToo)
		}
		if nearly, _ := kind.sum(a, b, overflowSat); !fits && nearly != nearest {
			t.Fatalf("%v: %d + %d is bounded by %d, want %d", kind, a, b, nearly, nearest)
		}
	}
}

func randomIntegerType(random *rand.Rand) integerType {
	if random.IntN(2) == 0 {
		return integerType{true, 1 + random.IntN(64)}
	}
	return integerType{false, 1 + random.IntN(63)}
}
