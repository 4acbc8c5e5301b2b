package redis

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

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
