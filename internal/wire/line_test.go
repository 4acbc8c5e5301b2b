package wire

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

func TestLine(t *testing.T) {
	for line, want := range map[string]Record{
		`{"key":"YQ==","value":"Yg=="}`:                            {Key: []byte("a"), Value: []byte("b")},
		`{"key":"YQ==","value":""}`:                                {Key: []byte("a")},
		`{"key_text":"a","value_text":"b"}` + "\r\n":               {Key: []byte("a"), Value: []byte("b")},
		` { "value_text" : "\u00e9\n" , "key_text" : "\"\\" } `:    {Key: []byte(`"\`), Value: []byte("é\n")},
		`{"key":"/w==","value_text":"x"}`:                          {Key: []byte{0xff}, Value: []byte("x")},
		`{"key":"\/w==","value_text":"x"}`:                         {Key: []byte{0xff}, Value: []byte("x")},
		`{"key":"YQ==","value":"Yg==","version":7}`:                {Key: []byte("a"), Value: []byte("b"), Version: 7},
		`{"key":"YQ==","value":"Yg==","expires_at":1763870000000}`: {Key: []byte("a"), Value: []byte("b"), ExpiresAt: 1763870000000},
		`{"key":"YQ==","value":"Yg==","ttl":"30s"}`:                {Key: []byte("a"), Value: []byte("b"), TTL: 30 * time.Second},
	} {
		var d Decoder
		got, err := d.Line([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if !bytes.Equal(got.Key, want.Key) || !bytes.Equal(got.Value, want.Value) ||
			got.Version != want.Version || got.ExpiresAt != want.ExpiresAt || got.TTL != want.TTL {
			t.Errorf("%s: got %+v, want %+v", line, got, want)
		}
	}
}

// TestKeyLine: it takes an entry without a value, which Line refuses, and no less.
func TestKeyLine(t *testing.T) {
	var d Decoder
	const line = `{"key_text":"a","version":7}`
	if rec, err := d.KeyLine([]byte(line)); err != nil || string(rec.Key) != "a" || rec.Version != 7 || rec.HasValue {
		t.Errorf("%+v, %v", rec, err)
	}
	if _, err := d.Line([]byte(line)); err == nil {
		t.Error("Line takes an entry without a value")
	}
	if _, err := d.KeyLine([]byte(`{"version":7}`)); err == nil {
		t.Error("KeyLine takes an entry without a key")
	}
}

func TestLineRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                                 "empty line",
		" \n":                              "empty line",
		`{`:                                "ends too early",
		`{"key":"YQ==","value":"Yg=="`:     "ends too early",
		`[]`:                               "object is expected",
		`"a"`:                              "object is expected",
		`nul`:                              "ends too early",
		`{"key":"YQ==","value":"Yg=="} {}`: "more than one JSON value",
		`{"key":"YQ==","value":"Yg=="}x`:   "more than one JSON value",
		`{"key":"YQ=="}`:                   "value is missing",
		`{"value":"YQ=="}`:                 "key is missing",
		`{"key":"YQ","value":""}`:          `"key" is not base64`,
		`{"key":"YR==","value":""}`:        `"key" is not base64`,
		`{"key":"YQ==","value":"_w=="}`:    `"value" is not base64`,
		`{"key":"YQ\n==","value":""}`:      "line end",
		`{"key":1,"value":""}`:             `"key" must be a string`,
		`{"key":"YQ==","value":null}`:      `"value" must be a string`,
		`{"key":"YQ==","key_text":"a","value":""}`:                   "exclude each other",
		`{"key":"YQ==","key":"YQ==","value":""}`:                     "duplicate",
		`{"key":"YQ==","value":"","value_text":""}`:                  "exclude each other",
		`{"key":"YQ==","value":"","Value":""}`:                       `unknown member "Value"`,
		`{"key":"YQ==","value":"","op":"put"}`:                       `unknown member "op"`,
		`{"key":"YQ==","value":"","op":""}`:                          `"op" is empty`,
		`{"key":"YQ==","value":"","ttl":"soon"}`:                     "invalid time to live",
		`{"key":"YQ==","value":"","ttl":30}`:                         `"ttl" must be a string`,
		`{"key":"YQ==","value":"","expires_at":0}`:                   "positive integer",
		`{"key":"YQ==","value":"","expires_at":-1}`:                  "positive integer",
		`{"key":"YQ==","value":"","expires_at":1.5}`:                 "positive integer",
		`{"key":"YQ==","value":"","expires_at":1e3}`:                 "positive integer",
		`{"key":"YQ==","value":"","expires_at":9223372036854775808}`: "positive integer",
		`{"key":"YQ==","value":"","expires_at":"1"}`:                 "must be a number",
		`{"key":"YQ==","value":"","version":-1}`:                     "positive integer",
		`{"key":"YQ==","value":"","ttl":"1s","expires_at":1}`:        "exclude each other",
		`{"key_text":"` + "\xff" + `","value":""}`:                   "invalid UTF-8",
		`{"key_text":"\ud800","value":""}`:                           "surrogate",
		`{"key":"YQ==","value":"",}`:                                 "malformed JSON",
		`{"key" "YQ=="}`:                                             "malformed JSON",
		`{"` + strings.Repeat("x", 1000) + `":1}`:                    "...",
	} {
		var d Decoder
		rec, err := d.Line([]byte(line))
		if err == nil {
			t.Errorf("%.100s: accepted as %+v", line, rec)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: error %q lacks %q", line, err, want)
		}
		if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%.100s: not one short line: %q", line, err)
		}
	}
}

func TestLineReusesMemory(t *testing.T) {
	var d Decoder
	line := []byte(`{"key":"a2V5LTAwMDE=","value":"` + strings.Repeat("AAAA", 30) + `"}`)
	if allocs := testing.AllocsPerRun(1000, func() {
		if _, err := d.Line(line); err != nil {
			t.Fatal(err)
		}
	}); allocs > 4 {
		t.Errorf("%v allocations a line", allocs)
	}
}

// FuzzLine: whatever is accepted comes out the same after being written again.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		`{"key":"YQ==","value":"Yg==","expires_at":1763870000000}`,
		`{"key_text":"a\u0000\"","value_text":"é","ttl":"30s"}`,
		`{"key":"/w==","value":"","version":1}`,
		`{"key":"YQ==",`, `{}`, ``, "\xff", `{"key":"YQ==","value":"Yg=="}{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var d, again Decoder
		rec, err := d.Line(bytes.Clone(line))
		if err != nil {
			return
		}
		for _, enc := range []Encoding{Base64, Text} {
			written := AppendEntry(nil, enc, mantisdb.Entry{Key: rec.Key, Value: rec.Value, Meta: mantisdb.Meta{Version: 1, ExpiresAt: rec.ExpiresAt}})
			if bytes.IndexByte(written, '\n') >= 0 {
				t.Fatalf("%q has a line end", written)
			}
			got, err := again.Line(written)
			if err != nil {
				t.Fatalf("%q, written as %q: %v", line, written, err)
			}
			if !bytes.Equal(got.Key, rec.Key) || !bytes.Equal(got.Value, rec.Value) || got.ExpiresAt != rec.ExpiresAt {
				t.Fatalf("%q, written as %q, is %+v and was %+v", line, written, got, rec)
			}
		}
	})
}
