package sharded

import (
	"encoding/base64"
	"errors"
	"reflect"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

func TestPosition(t *testing.T) {
	for _, p := range []*position{{1, []uint64{0}}, {1<<64 - 1, []uint64{1, 0, 1 << 40, 1<<63 - 2}}} {
		text := server.Position(p.append(nil))
		got, err := parsePosition(text, len(p.from))
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%v is read as %v, %v", p, got, err)
		}
		if got, err := parsePosition(text, len(p.from)+1); !errors.Is(err, mantisdb.ErrHistoryGone) {
			t.Errorf("%v in one shard more: %v, %v", p, got, err)
		}
	}
	text := func(b ...byte) server.Position { return server.Position(base64.RawURLEncoding.EncodeToString(b)) }
	packed := func(rest ...byte) server.Position {
		return text(append([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0}, rest...)...)
	}
	if p, err := parsePosition(packed(1, 5), 1); err != nil || p.from[0] != 5 {
		t.Errorf("read is %v, %v", p, err)
	}
	for _, malformed := range []server.Position{
		"7", "x y", "AQ==", text(3, 1, 5), text(2), text(2, 0, 0, 0, 0, 0, 0, 0), packed(), packed(1), packed(1, 5, 6), packed(1, 0x80),
		packed(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		packed(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
	} {
		if p, err := parsePosition(malformed, 1); !errors.Is(err, mantisdb.ErrInvalidOptions) {
			t.Errorf("%q is read as %v, %v", malformed, p, err)
		}
	}
	if p, err := parsePosition(text(1, 1, 5), 1); !errors.Is(err, mantisdb.ErrHistoryGone) {
		t.Errorf("a position of an earlier release is read as %v, %v", p, err)
	}
}

func TestOriginOf(t *testing.T) {
	of := [][]origin{{}, {{1, 2}}, {{1, 3}}, {{2, 2}}, {{1, 2}, {1, 3}}, {{1, 3}, {1, 2}}}
	seen := make(map[uint64][]origin)
	for _, shards := range of {
		if other, known := seen[originOf(shards)]; known {
			t.Errorf("%v and %v are told apart by nothing", shards, other)
		}
		seen[originOf(shards)] = shards
	}
}

func TestShardPosition(t *testing.T) {
	for _, p := range []shardPosition{{}, {origin{1<<64 - 1, 1<<32 - 1}, 1<<63 - 1}, {origin{}, 5}, {origin{1, 0}, 0}} {
		if got, err := parseShardPosition(p.text()); err != nil || got != p {
			t.Errorf("%+v is read as %+v, %v", p, got, err)
		}
	}
	for _, malformed := range []server.Position{"7", "1-2", "x-1-1", "1-4294967296-1", "1-1-x", "1-1-1-1", "-1-1"} {
		if p, err := parseShardPosition(malformed); !errors.Is(err, mantisdb.ErrInvalidOptions) {
			t.Errorf("%q is read as %+v, %v", malformed, p, err)
		}
	}
}
