package wire

import (
	"testing"

	"github.com/mantisdb/mantisdb"
)

func TestAppendEntry(t *testing.T) {
	entry := mantisdb.Entry{Key: []byte(`a"`), Value: []byte{0xff, 0}, Meta: mantisdb.Meta{Version: 3, ExpiresAt: 5}}
	for _, c := range []struct {
		got, want string
	}{
		{string(AppendEntry(nil, Base64, entry)), `{"key":"YSI=","value":"/wA=","version":3,"expires_at":5}`},
		{string(AppendEntry(nil, Text, entry)), `{"key_text":"a\"","value":"/wA=","version":3,"expires_at":5}`},
		{string(AppendKey(nil, Base64, entry)), `{"key":"YSI=","version":3,"expires_at":5}`},
		{string(AppendEntry([]byte("x"), Text, mantisdb.Entry{Key: []byte("k")})), `x{"key_text":"k","value_text":""}`},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestParseEncoding(t *testing.T) {
	for text, want := range map[string]Encoding{"base64": Base64, "text": Text} {
		if got, err := ParseEncoding(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := ParseEncoding(""); err == nil {
		t.Error("no encoding is an encoding")
	}
	if _, err := ParseEncoding("hex"); err == nil {
		t.Error("hex was accepted")
	}
}
