package wire

import (
	"errors"
	"testing"
	"time"
)

func TestParseTTL(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s":        30 * time.Second,
		"1h15m":      75 * time.Minute,
		"250ms":      250 * time.Millisecond,
		"1.5s":       1500 * time.Millisecond,
		"30":         30 * time.Second,
		"9223372036": 9223372036 * time.Second,
		"1ns":        1,
	} {
		got, err := ParseTTL(text)
		if err != nil || got != want {
			t.Errorf("ParseTTL(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "0s", "-1", "-30s", "30x", "1.5", " 30", "9223372037", "99999999999999999999", "NaN", "1e3"} {
		if got, err := ParseTTL(text); !errors.Is(err, ErrTTL) {
			t.Errorf("ParseTTL(%q) = %v, %v; want ErrTTL", text, got, err)
		}
	}
}
