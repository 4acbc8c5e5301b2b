package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
)

// Forms in which bytes are text on the command line and in the output.
const (
	formText    = "text"    // as they are
	formEscaped = "escaped" // with \n, \t, \\ and \xff for what would not show
	formHex     = "hex"
	formBase64  = "base64" // the standard alphabet, with padding
)

// keyFlags say in which form keys are on the command line.
type keyFlags struct{ form enum }

func (f *keyFlags) add(flags *pflag.FlagSet) {
	f.form = newEnum(formText, formText, formEscaped, formHex, formBase64)
	flags.Var(&f.form, "key-form", "how keys are given: as they are; with \\n, \\t, \\\\ and \\xff, as scan shows them; in hex or base64")
}

// key is the key that an argument gives.
func (f *keyFlags) key(arg string) ([]byte, error) {
	key, err := parseBytes(f.form.value, arg)
	if err == nil {
		err = mantisdb.CheckKey(key)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("the key %s: %w", shown(arg), err)}
	}
	return key, nil
}

// bound is what a flag gives, a part of a key or nothing.
func (f *keyFlags) bound(flag, arg string) ([]byte, error) {
	bound, err := parseBytes(f.form.value, arg)
	if err != nil {
		return nil, usageError{fmt.Errorf("--%s %s: %w", flag, shown(arg), err)}
	}
	return bound, nil
}

// shown is text as an error shows it: on one line, and not at any length.
func shown(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.QuoteToGraphic(text[:most]) + "..."
	}
	return strconv.QuoteToGraphic(text)
}

func parseBytes(form, text string) ([]byte, error) {
	switch form {
	case formEscaped:
		return unescape(text)
	case formHex:
		b, err := hex.DecodeString(text)
		if err != nil {
			return nil, errors.New("it is not hex: digits 0-9 and a-f are expected, two a byte")
		}
		return b, nil
	case formBase64:
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, errors.New("it is not base64 (standard alphabet, with padding)")
		}
		return b, nil
	}
	return []byte(text), nil
}

// appendBytes appends bytes in a form.
func appendBytes(dst []byte, form string, b []byte) []byte {
	switch form {
	case formEscaped:
		return appendEscaped(dst, b)
	case formHex:
		return hex.AppendEncode(dst, b)
	case formBase64:
		return base64.StdEncoding.AppendEncode(dst, b)
	}
	return append(dst, b...)
}

// appendEscaped appends bytes so that they are one field of one line, which unescape reads.
// Text that can be printed stays as it is.
func appendEscaped(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == utf8.RuneError && n <= 1, !strconv.IsPrint(r):
			for _, c := range b[:n] {
				dst = append(dst, '\\', 'x')
				dst = hex.AppendEncode(dst, []byte{c})
			}
		default:
			dst = append(dst, b[:n]...)
		}
		b = b[n:]
	}
	return dst
}

// unescape reads what appendEscaped has written.
func unescape(text string) ([]byte, error) {
	b := make([]byte, 0, len(text))
	for {
		plain, rest, escaped := strings.Cut(text, `\`)
		b = append(b, plain...)
		if !escaped {
			return b, nil
		}
		c, n := escapeOf(rest)
		if n == 0 {
			return nil, fmt.Errorf(`it has %s: a backslash is followed by a backslash, n, t, or x and two digits of hex`, shown(`\`+rest[:min(3, len(rest))]))
		}
		b = append(b, c)
		text = rest[n:]
	}
}

// escapeOf is the byte that is written behind a backslash, and in how many; 0 if that is none.
func escapeOf(rest string) (c byte, n int) {
	switch {
	case rest == "":
		return 0, 0
	case rest[0] == '\\':
		return '\\', 1
	case rest[0] == 'n':
		return '\n', 1
	case rest[0] == 't':
		return '\t', 1
	case rest[0] == 'x' && len(rest) >= 3:
		if digits, err := hex.DecodeString(rest[1:3]); err == nil {
			return digits[0], 3
		}
	}
	return 0, 0
}
