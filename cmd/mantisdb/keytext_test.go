package main

import (
	"bytes"
	"testing"
)

func TestEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 世": "plain é 世", "": "", "\n\t\\": `\n\t\\`, "\x00\xff": `\x00\xff`, "\r\x1b": `\x0d\x1b`,
		"\u2028": `\xe2\x80\xa8`, "\ufffd": "\ufffd", "\xe4\xb8": `\xe4\xb8`,
	} {
		if got := string(appendEscaped(nil, []byte(in))); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for _, bad := range []string{`\`, `\q`, `\x`, `\x1`, `\xg0`, `\x1g`, `a\\\`} {
		if got, err := unescape(bad); err == nil {
			t.Errorf("%s is %q", bad, got)
		}
	}
	if got, err := unescape(`\xFF\x0a`); err != nil || string(got) != "\xff\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzEscaped: what is escaped is one field of a line, and comes back as it was.
func FuzzEscaped(f *testing.F) {
	f.Add([]byte("a\n\t\\\x00\xff é"))
	f.Fuzz(func(t *testing.T, in []byte) {
		escaped := appendEscaped(nil, in)
		if bytes.ContainsAny(escaped, "\n\t\r\x00\x1b") {
			t.Fatalf("%q is %q", in, escaped)
		}
		if out, err := unescape(string(escaped)); err != nil || !bytes.Equal(out, in) {
			t.Fatalf("%q came back as %q, %v", in, out, err)
		}
		for _, form := range []string{formHex, formBase64} {
			if out, err := parseBytes(form, string(appendBytes(nil, form, in))); err != nil || !bytes.Equal(out, in) {
				t.Fatalf("%s: %q came back as %q, %v", form, in, out, err)
			}
		}
	})
}
