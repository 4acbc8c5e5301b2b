package bench

import (
	"bytes"
	"slices"
	"testing"
)

func keyOf(number uint64) []byte {
	key := make([]byte, keyLen)
	fillKey(key, number)
	return key
}

func valueOf(number, generation uint64) []byte {
	value := make([]byte, valueLen)
	fillValue(value, number, generation)
	return value
}

func TestKeysSortAsTheirNumbers(t *testing.T) {
	numbers := []uint64{0, 1, 9, 10, 99, 100, 65_535, 999_999, 1_000_000, 49_999_999, keyLimit - 1}
	var keys [][]byte
	for _, n := range numbers {
		key := keyOf(n)
		keys = append(keys, key)
		if got, ok := parseKey(key); !ok || got != n {
			t.Errorf("parseKey(%q) = %d, %v, want %d", key, got, ok, n)
		}
	}
	if !slices.IsSortedFunc(keys, bytes.Compare) {
		t.Errorf("keys are not in the order of their numbers: %q", keys)
	}
	if got := string(keyOf(1_234_567)); got != "key:000001234567" {
		t.Errorf("key of 1234567 is %q", got)
	}
}

func TestForeignKeysAreNotParsed(t *testing.T) {
	for _, key := range []string{"", "key:", "key:00000000001", "key:0000000000001", "kay:000000000001", "key:00000000000a"} {
		if n, ok := parseKey([]byte(key)); ok {
			t.Errorf("parseKey(%q) = %d", key, n)
		}
	}
}

func TestCheckValueSeesEveryBit(t *testing.T) {
	const number, generation = 123_456, 7
	value := valueOf(number, generation)
	if got, ok := checkValue(value, number); !ok || got != generation {
		t.Fatalf("checkValue of a right value: generation %d, %v", got, ok)
	}
	for bit := range 8 * valueLen {
		value[bit/8] ^= 1 << (bit % 8)
		if _, ok := checkValue(value, number); ok {
			t.Errorf("a flip of bit %d goes unseen", bit)
		}
		value[bit/8] ^= 1 << (bit % 8)
	}
}

func TestCheckValueSeesTornAndForeignValues(t *testing.T) {
	const number = 5
	first, second := valueOf(number, 1), valueOf(number, 2)
	for cut := 1; cut < valueLen; cut++ {
		torn := append(slices.Clone(first[:cut]), second[cut:]...)
		// Up to the byte in which the generations differ, it is the second.
		if _, ok := checkValue(torn, number); ok && !bytes.Equal(torn, first) && !bytes.Equal(torn, second) {
			t.Errorf("a value torn at byte %d passes", cut)
		}
	}
	if _, ok := checkValue(valueOf(number+1, 1), number); ok {
		t.Error("the value of another key passes")
	}
	for _, value := range [][]byte{nil, first[:valueLen-1], append(slices.Clone(first), 0)} {
		if _, ok := checkValue(value, number); ok {
			t.Errorf("a value of %d bytes passes", len(value))
		}
	}
}
