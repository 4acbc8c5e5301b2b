package httpapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/mantisdb/mantisdb"
)

func TestCursor(t *testing.T) {
	ranges := []mantisdb.Range{
		{}, {Reverse: true}, {Start: []byte("a")}, {End: []byte("a")},
		{Start: []byte("a"), End: []byte("b")}, {Start: []byte("ab"), End: nil},
	}
	for i, r := range ranges {
		for _, key := range []string{"k", "\x00", "\xff\xff", "a/b"} {
			cursor := encodeCursor("", r, []byte(key))
			if last, err := decodeCursor("", r, cursor); err != nil || string(last) != key {
				t.Errorf("%+v: %q, %v", r, last, err)
			}
			for j, other := range ranges {
				if _, err := decodeCursor("", other, cursor); i != j && !errors.Is(err, errCursor) {
					t.Errorf("the cursor of %+v was taken for %+v", r, other)
				}
			}
			raw, _ := base64.RawURLEncoding.DecodeString(cursor)
			for at := range raw {
				damaged := bytes.Clone(raw)
				damaged[at] ^= 0x10
				if _, err := decodeCursor("", r, base64.RawURLEncoding.EncodeToString(damaged)); !errors.Is(err, errCursor) {
					t.Errorf("damage at %d was not seen", at)
				}
			}
			for _, cut := range []string{cursor[:len(cursor)-1], cursor + "A", "", cursor[:8], cursor + "="} {
				if _, err := decodeCursor("", r, cut); !errors.Is(err, errCursor) {
					t.Errorf("%q was taken", cut)
				}
			}
		}
	}
}

// FuzzCursor: what is not exactly what encodeCursor made is refused.
func FuzzCursor(f *testing.F) {
	r := mantisdb.Range{Start: []byte("a"), End: []byte("z")}
	f.Add(encodeCursor("", r, []byte("k")))
	f.Add("")
	f.Add("AQAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		last, err := decodeCursor("", r, cursor)
		if err == nil && encodeCursor("", r, last) != cursor {
			t.Fatalf("%q was taken for %q", cursor, last)
		}
	})
}
