package wire

import (
	"testing"

	"github.com/mantisdb/mantisdb"
)

func TestAppendChange(t *testing.T) {
	k, v := []byte("k"), []byte("v\n")
	put := mantisdb.Change{Kind: mantisdb.ChangePut, Key: k, Value: v, ExpiresAt: 7, Version: 3}
	remove := func(start, end []byte) mantisdb.Change {
		return mantisdb.Change{Kind: mantisdb.ChangeDeleteRange, Key: start, End: end, Version: 5}
	}
	for _, c := range []struct {
		change   mantisdb.Change
		enc      Encoding
		keysOnly bool
		want     string
	}{
		{put, Text, false, `{"key_text":"k","value_text":"v\n","version":3,"expires_at":7}`},
		{put, Base64, false, `{"key":"aw==","value":"dgo=","version":3,"expires_at":7}`},
		{put, Text, true, `{"key_text":"k","version":3,"expires_at":7}`},
		{mantisdb.Change{Kind: mantisdb.ChangePut, Key: k, Version: 3}, Text, false, `{"key_text":"k","value_text":"","version":3}`},
		{mantisdb.Change{Kind: mantisdb.ChangeDelete, Key: k, Version: 4}, Text, false, `{"key_text":"k","version":4}`},
		{remove(k, v), Text, false, `{"start_text":"k","end_text":"v\n","version":5}`},
		{remove(nil, k), Base64, false, `{"end":"aw==","version":5}`},
		{remove(k, nil), Text, false, `{"start_text":"k","version":5}`},
		{remove(nil, nil), Text, false, `{"all":true,"version":5}`},
	} {
		if got := string(AppendChange(nil, c.enc, c.change, c.keysOnly)); got != c.want {
			t.Errorf("%+v is %s, want %s", c.change, got, c.want)
		}
	}
}
