package redis

import (
	"strings"
	"testing"
)

// The sums are those of a C program with long double on amd64.
func TestLongDoubleSums(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"0.1", "0.2", "0.3"},
		{"1", "-1.1", "-0.1"},
		{"0", "-0", "0"},
		{"-0", "-0", "0"},
		{"0.3", "1e20", "100000000000000000000"},
		{"17179869184", "1.5", "17179869185.5"},
		{"123456789.123456789", "0.000000001", "123456789.12345678999554366"},
		{"1e-17", "0", "0.00000000000000001"},
		{"4e-18", "0", "0"},
		{"9223372036854775807", "0", "9223372036854775807"},
		{"18446744073709551615", "0", "18446744073709551615"},
		{"18446744073709551617", "0", "18446744073709551616"},
		{"36893488147419103233", "0", "36893488147419103232"},
		{"0x10", ".5", "16.5"},
		{"0X1.8P1", "1.", "4"},
		{"1e-4950", "1", "1"},
		{"+1e2", "00.5", "100.5"},
		{"0e999999999999999999999", "1", "1"},
	} {
		a, ok := parseLongDouble([]byte(test.a))
		b, alsoOK := parseLongDouble([]byte(test.b))
		if !ok || !alsoOK {
			t.Errorf("%s or %s is refused", test.a, test.b)
			continue
		}
		sum, ok := a.plus(b)
		if got := string(sum.appendTo([]byte("="))); !ok || got != "="+test.want {
			t.Errorf("%s + %s: got %s, want =%s", test.a, test.b, got, test.want)
		}
	}
}

func TestLongDoubleRefuses(t *testing.T) {
	for _, text := range []string{
		"", "-", "+", ".", "-.", "e", "1e", "1e+", "1e1.5", "e1", " 1", "1 ", "1_0", "1__0", "0x", "0x.", "0xp1", "0x1p",
		"0b1", "0o7", "1p1", "--1", "+-1", "1/2", "nan", "NAN", "in", "infinit", "1\x00", "1e5000", "-1e4933", "1e-5000",
		"1e999999999999999999999", "1e-999999999999999999999", "0x1p20000", "1.2.3", strings.Repeat("1", longDoubleLongest+1),
	} {
		if n, ok := parseLongDouble([]byte(text)); ok {
			t.Errorf("%.20q is %v", text, n.f)
		}
	}
}

// Whatever is accepted can be added and written, and what is written reads as itself.
func FuzzLongDouble(f *testing.F) {
	for _, seed := range []string{"1.5", "-0x1.8p-3", "1e4932", "1e-4951", ".5e+1", "inf", strings.Repeat("9", 400)} {
		f.Add(seed, "0.1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, ok := parseLongDouble([]byte(a))
		y, alsoOK := parseLongDouble([]byte(b))
		if !ok || !alsoOK {
			return
		}
		sum, ok := x.plus(y)
		if !ok {
			return
		}
		text := sum.appendTo(nil)
		if strings.HasSuffix(string(text), ".") || string(text) == "-0" {
			t.Errorf("%q + %q is written as %q", a, b, text)
		}
		again, ok := parseLongDouble(text)
		if len(text) <= longDoubleLongest && (!ok || string(again.appendTo(nil)) != string(text)) {
			t.Errorf("%q + %q is %q, which reads otherwise", a, b, text)
		}
	})
}
