package redis

import "math"

// overflowMode is what becomes of a number that an integer has no room for.
type overflowMode int

const (
	overflowWrap overflowMode = iota // its low bits
	overflowSat                      // the nearest that there is room for
	overflowFail                     // nothing is written
)

func parseOverflowMode(arg []byte) (overflowMode, error) {
	switch {
	case is(arg, "WRAP"):
		return overflowWrap, nil
	case is(arg, "SAT"):
		return overflowSat, nil
	case is(arg, "FAIL"):
		return overflowFail, nil
	}
	return 0, Error("ERR Invalid OVERFLOW type specified")
}

// integerType is an integer of 1 to 64 bits with a sign, or of 1 to 63 without.
type integerType struct {
	signed bool
	bits   int
}

func parseIntegerType(arg []byte) (integerType, error) {
	const invalid Error = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	if len(arg) == 0 || arg[0] != 'i' && arg[0] != 'u' {
		return integerType{}, invalid
	}
	t := integerType{signed: arg[0] == 'i'}
	most := int64(63)
	if t.signed {
		most = 64
	}
	n, ok := parseInteger(arg[1:])
	if !ok || n < 1 || n > most {
		return integerType{}, invalid
	}
	t.bits = int(n)
	return t, nil
}

// read is the integer that begins at a bit. Beyond the end of the value, bits are 0.
func (t integerType) read(value []byte, offset int64) int64 {
	var n uint64
	for i := range int64(t.bits) {
		n = n<<1 | uint64(bit(value, offset+i))
	}
	return t.lowBits(n)
}

// write writes an integer into a value that is long enough.
func (t integerType) write(value []byte, offset, n int64) {
	for i := range t.bits {
		putBit(value, offset+int64(i), byte(n>>(t.bits-1-i)&1))
	}
}

// lowBits is the integer whose bits are the low ones of n.
func (t integerType) lowBits(n uint64) int64 {
	unused := 64 - t.bits
	if t.signed {
		return int64(n<<unused) >> unused
	}
	return int64(n << unused >> unused)
}

// bounds are the least and the greatest integer of the type.
func (t integerType) bounds() (least, most int64) {
	if t.signed {
		most = math.MaxInt64 >> (64 - t.bits)
		return -most - 1, most
	}
	return 0, math.MaxInt64 >> (63 - t.bits)
}

// sum adds two numbers. If the integer has no room for the sum, that does not fit, and
// what is returned is what is written instead. A negative number that is to be stored
// without a sign is a very large one.
func (t integerType) sum(a, b int64, mode overflowMode) (sum int64, fits bool) {
	least, most := t.bounds()
	above := a > most || b > 0 && a > most-b || !t.signed && a < 0
	below := !above && (a < least || b < 0 && a < least-b)
	switch {
	case !above && !below:
		return a + b, true
	case mode == overflowSat && above:
		return most, false
	case mode == overflowSat:
		return least, false
	}
	return t.lowBits(uint64(a) + uint64(b)), false
}
