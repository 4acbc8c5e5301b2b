package wire

import (
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadSwap(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"expected":"AP8=","value":"AQ=="}`:            {"\x00\xff", "\x01"},
		`{"value_text":"new","expected_text":"old"}`:    {"old", "new"},
		` { "expected" : "" , "value_text" : "\u00e9"}`: {"", "é"},
	} {
		s, err := ReadSwap(iotest.OneByteReader(strings.NewReader(body)))
		if err != nil || string(s.Expected) != want[0] || string(s.Value) != want[1] {
			t.Errorf("%s: %q, %v", body, s, err)
		}
	}
	for body, want := range map[string]string{
		``:                            "ends too early",
		`"x"`:                         "an object is expected",
		`{}`:                          `give the value that is expected as "expected"`,
		`{"value":""}`:                `give the value that is expected as "expected"`,
		`{"expected":""}`:             `give the value to be stored as "value"`,
		`{"expected":"","value":"!"}`: `"value" is not base64`,
		`{"expected":"","value":1}`:   `"value" must be a string`,
		`{"expected":"","expected_text":"","value":""}`: `"expected" and "expected_text" exclude each other`,
		`{"expected":"","value":"","value_text":""}`:    `"value" and "value_text" exclude each other`,
		`{"expected":"","value":"","ttl":"1s"}`:         `unknown member "ttl"`,
		`{"expected":"","value":""}{}`:                  "something follows the object",
	} {
		if _, err := ReadSwap(strings.NewReader(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", body, err, want)
		}
	}
}
