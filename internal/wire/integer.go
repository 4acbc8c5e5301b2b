package wire

import (
	"strconv"
	"strings"
)

// integer is a JSON number that is a whole number of 64 bits without a sign, however it is
// written: JSON Schema has 1.0 and 1e3 among its integers, and so have clients whose
// language knows no other numbers. Nothing is rounded.
func integer(raw []byte) (n uint64, ok bool) {
	mantissa, exponent := string(raw), 0
	if at := strings.IndexAny(mantissa, "eE"); at >= 0 {
		power, err := strconv.Atoi(mantissa[at+1:])
		if err != nil {
			return 0, false
		}
		mantissa, exponent = mantissa[:at], power
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	exponent -= len(fraction)
	for exponent < 0 && len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		exponent++
	}
	if exponent < 0 || exponent > 19 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits+strings.Repeat("0", exponent), 10, 64)
	return n, err == nil
}
