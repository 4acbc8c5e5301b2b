package wire

import "testing"

func TestInteger(t *testing.T) {
	for raw, want := range map[string]uint64{
		"0": 0, "7": 7, "18446744073709551615": 18446744073709551615,
		"1.0": 1, "0.0": 0, "10.00": 10, "1e3": 1000, "1E+3": 1000, "1.5e1": 15, "120e-1": 12,
		"9007199254740993.0": 9007199254740993, "9007199254740993e0": 9007199254740993,
	} {
		if n, ok := integer([]byte(raw)); !ok || n != want {
			t.Errorf("%s: %d, %v", raw, n, ok)
		}
	}
	for _, raw := range []string{
		"-1", "-0", "1.5", "15e-1", "1e-1", "18446744073709551616", "1e20", "1e999999999999999999999", "1e-999999999", "0.1e0",
	} {
		if n, ok := integer([]byte(raw)); ok {
			t.Errorf("%s is taken for %d", raw, n)
		}
	}
}
