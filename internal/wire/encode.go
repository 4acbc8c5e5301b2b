package wire

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/mantisdb/mantisdb"
)

// Encoding says how keys and values are written.
type Encoding uint8

const (
	// Base64 writes the members key and value.
	Base64 Encoding = iota
	// Text writes key_text and value_text, each where the bytes are valid
	// UTF-8, and falls back to base64 where they are not: nothing is lost.
	Text
)

// ParseEncoding reads "base64" or "text".
func ParseEncoding(s string) (Encoding, error) {
	switch s {
	case "base64":
		return Base64, nil
	case "text":
		return Text, nil
	}
	return 0, fmt.Errorf("unknown encoding %q: use base64 or text", s)
}

// AppendEntry appends e as one JSON object, without a line end. A zero Version
// and a zero ExpiresAt are left out.
func AppendEntry(dst []byte, enc Encoding, e mantisdb.Entry) []byte {
	return AppendEntryOf(dst, enc, "", e)
}

// AppendEntryOf is AppendEntry of an entry of a keyspace, which it names unless it is the
// default one, whose name is empty.
func AppendEntryOf(dst []byte, enc Encoding, keyspace string, e mantisdb.Entry) []byte {
	dst = append(dst, '{')
	dst = appendKeyspace(dst, keyspace)
	dst = appendBytes(dst, enc, "key", e.Key)
	dst = append(dst, ',')
	dst = appendBytes(dst, enc, "value", e.Value)
	return appendMeta(dst, e.Meta)
}

// appendKeyspace appends the member that names a keyspace, unless it is the default one.
func appendKeyspace(dst []byte, name string) []byte {
	if name == "" {
		return dst
	}
	dst = append(dst, `"keyspace":`...)
	dst, _ = jsontext.AppendQuote(dst, name) // fails on invalid UTF-8 alone
	return append(dst, ',')
}

// AppendKey is AppendEntry without the value.
func AppendKey(dst []byte, enc Encoding, e mantisdb.Entry) []byte {
	dst = append(dst, '{')
	dst = appendBytes(dst, enc, "key", e.Key)
	return appendMeta(dst, e.Meta)
}

// appendMeta appends the members of meta, and the end of the object.
func appendMeta(dst []byte, meta mantisdb.Meta) []byte {
	if meta.Version != 0 {
		dst = append(dst, `,"version":`...)
		dst = strconv.AppendUint(dst, meta.Version, 10)
	}
	if meta.ExpiresAt != 0 {
		dst = append(dst, `,"expires_at":`...)
		dst = strconv.AppendInt(dst, meta.ExpiresAt, 10)
	}
	return append(dst, '}')
}

// appendBytes appends the member that holds b: name, or name_text.
func appendBytes(dst []byte, enc Encoding, name string, b []byte) []byte {
	dst = append(dst, '"')
	dst = append(dst, name...)
	if enc == Text && utf8.Valid(b) {
		dst = append(dst, `_text":`...)
		dst, _ = jsontext.AppendQuote(dst, b) // fails on invalid UTF-8 alone
		return dst
	}
	dst = append(dst, `":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}
