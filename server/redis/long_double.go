package redis

import (
	"bytes"
	"math/big"
	"strconv"
)

// longDouble is a number as Redis computes INCRBYFLOAT with: C's long double, which on
// its usual machines has 64 bits of mantissa and 15 of exponent. Go has no such type; a
// big.Float of as many bits rounds every sum to the same number. Only below the least
// normal number, about 1e-4932, it is finer, which no reply of 17 digits shows.
type longDouble struct{ f *big.Float }

const (
	longDoubleMantissa    = 64
	longDoubleMaxExponent = 16384  // numbers are less than 2 to this
	longDoubleMinExponent = -16445 // and what is not more than half of 2 to this is 0
	longDoubleLongest     = 5119   // bytes of its text
	// Beyond these powers a number is too large or too small whatever its digits are.
	maxPowerOfTen = 5000 + longDoubleLongest
	maxPowerOfTwo = 17000 + 4*longDoubleLongest
)

// parseLongDouble reads a number as C's strtold does: in decimal or hexadecimal notation,
// or infinite. It is not ok if it is too large, or so small that it would be 0.
func parseLongDouble(text []byte) (n longDouble, ok bool) {
	if len(text) > longDoubleLongest {
		return n, false
	}
	unsigned := text
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		unsigned = text[1:]
	}
	n.f = new(big.Float).SetPrec(longDoubleMantissa)
	if is(unsigned, "INF") || is(unsigned, "INFINITY") {
		n.f.SetInf(negative)
		return n, true
	}
	notation, ok := parseNotation(unsigned)
	if !ok {
		return n, false
	}
	if !notation.zero {
		if n.f, ok = notation.float(unsigned); !ok {
			return n, false
		}
	}
	if negative {
		n.f.Neg(n.f)
	}
	return n, true
}

// plus is the sum, if it is finite.
func (n longDouble) plus(other longDouble) (sum longDouble, ok bool) {
	if n.f.IsInf() || other.f.IsInf() {
		return sum, false
	}
	sum.f = new(big.Float).SetPrec(longDoubleMantissa).Add(n.f, other.f)
	return sum, sum.f.MantExp(nil) <= longDoubleMaxExponent
}

// appendTo appends the number with 17 digits behind the point, but for zeros at the end.
func (n longDouble) appendTo(dst []byte) []byte {
	begin := len(dst)
	dst = n.f.Append(dst, 'f', 17)
	dst = bytes.TrimRight(dst, "0")
	dst = bytes.TrimSuffix(dst, []byte("."))
	if string(dst[begin:]) == "-0" {
		dst = append(dst[:begin], '0')
	}
	return dst
}

// notation is how the text of a number without a sign is written.
type notation struct {
	hexadecimal bool
	zero        bool // all its digits are
	exponent    int  // of ten, or of two
}

// parseNotation checks the text of a number without a sign.
func parseNotation(text []byte) (n notation, ok bool) {
	isDigit, mark := isDecimal, byte('e')
	if len(text) > 1 && text[0] == '0' && text[1]|0x20 == 'x' {
		n.hexadecimal = true
		text, isDigit, mark = text[2:], isHexadecimal, 'p'
	}
	n.zero = true
	digits, points, i := 0, 0, 0
	for ; i < len(text); i++ {
		if text[i] == '.' && points == 0 {
			points++
			continue
		}
		if !isDigit(text[i]) {
			break
		}
		digits++
		n.zero = n.zero && text[i] == '0'
	}
	if digits == 0 {
		return n, false
	}
	if i == len(text) {
		return n, true
	}
	return n, text[i]|0x20 == mark && n.parseExponent(text[i+1:])
}

// parseExponent reads the digits of an exponent. One that is very long is very large.
func (n *notation) parseExponent(text []byte) bool {
	digits := text
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		digits = text[1:]
	}
	for _, digit := range digits {
		if !isDecimal(digit) {
			return false
		}
	}
	if len(digits) == 0 {
		return false
	}
	// Atoi's number is the nearest if it is out of range.
	n.exponent, _ = strconv.Atoi(string(text))
	return true
}

// float is the number of a text that n was parsed from, rounded once: what is exact as a
// fraction is.
func (n notation) float(text []byte) (*big.Float, bool) {
	most := maxPowerOfTen
	if n.hexadecimal {
		most = maxPowerOfTwo
	}
	if n.exponent > most || n.exponent < -most {
		return nil, false
	}
	exact, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return nil, false
	}
	f := new(big.Float).SetPrec(longDoubleMantissa).SetRat(exact)
	if f.MantExp(nil) > longDoubleMaxExponent {
		return nil, false
	}
	half := new(big.Float).SetMantExp(big.NewFloat(1), longDoubleMinExponent-1)
	return f, f.Cmp(half) > 0
}

func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

func isHexadecimal(c byte) bool {
	return isDecimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}
