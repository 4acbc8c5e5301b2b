package sharded

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

func TestPosition(t *testing.T) {
	for _, p := range []position{{}, {0}, {1, 0, 1 << 40, 1<<63 - 2}} {
		text := server.Position(p.append(nil))
		got, err := parsePosition(text, len(p))
		if err != nil || !slices.Equal(got, p) {
			t.Errorf("%v is read as %v, %v", p, got, err)
		}
		if got, err := parsePosition(text, len(p)+1); !errors.Is(err, mantisdb.ErrInvalidOptions) {
			t.Errorf("%v in one shard more: %v, %v", p, got, err)
		}
	}
	text := func(b ...byte) server.Position { return server.Position(base64.RawURLEncoding.EncodeToString(b)) }
	for _, malformed := range []server.Position{
		"7", "x y", "AQ==", text(2, 1, 5), text(1), text(1, 1), text(1, 1, 5, 6), text(1, 1, 0x80),
		text(1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		text(1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
	} {
		if p, err := parsePosition(malformed, 1); !errors.Is(err, mantisdb.ErrInvalidOptions) {
			t.Errorf("%q is read as %v, %v", malformed, p, err)
		}
	}
}
