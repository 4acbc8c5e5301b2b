package sharded

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

// position is where a watch goes on in each shard: at this version; 0 in those that it does not
// watch. Its text is
//
//	base64url( form u8 = 2 | origin u64, little-endian | shards uvarint | version uvarint, for each shard )
type position struct {
	origin uint64 // of the versions, as originOf tells
	from   []uint64
}

// positionForm is the first byte, so that there may be another form. In form 1 versions were those of
// the leader of the moment.
const (
	positionForm    = 2
	oldPositionForm = 1
)

// originOf sums up of what the versions of the shards are that are watched.
func originOf(shards []origin) uint64 {
	var packed []byte
	for _, of := range shards {
		packed = binary.LittleEndian.AppendUint64(packed, of.history)
		packed = binary.LittleEndian.AppendUint32(packed, of.keyspace)
	}
	sum := sha256.Sum256(packed)
	return binary.LittleEndian.Uint64(sum[:])
}

// append appends the text.
func (p *position) append(dst []byte) []byte {
	packed := make([]byte, 0, 1+8+(1+len(p.from))*binary.MaxVarintLen64)
	packed = append(packed, positionForm)
	packed = binary.LittleEndian.AppendUint64(packed, p.origin)
	packed = binary.AppendUvarint(packed, uint64(len(p.from)))
	for _, version := range p.from {
		packed = binary.AppendUvarint(packed, version)
	}
	return base64.RawURLEncoding.AppendEncode(dst, packed)
}

// parsePosition reads the text of a position in so many shards. The empty one is 0 in all. One of an
// earlier form, or in another number of shards, is mantisdb.ErrHistoryGone.
func parsePosition(text server.Position, shards int) (*position, error) {
	p := &position{from: make([]uint64, shards)}
	if text == "" {
		return p, nil
	}
	malformed := fmt.Errorf("%w: %.40q is not the id of an event of a cluster", mantisdb.ErrInvalidOptions, string(text))
	packed, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	switch {
	case err != nil || len(packed) == 0:
		return nil, malformed
	case packed[0] == oldPositionForm:
		return nil, fmt.Errorf("%w: the position is one of an earlier release", mantisdb.ErrHistoryGone)
	case packed[0] != positionForm || len(packed) < 1+8:
		return nil, malformed
	}
	p.origin = binary.LittleEndian.Uint64(packed[1:])
	rest := packed[1+8:]
	next := func() (n uint64, ok bool) {
		n, read := binary.Uvarint(rest)
		if read <= 0 {
			return 0, false
		}
		rest = rest[read:]
		return n, true
	}
	switch n, ok := next(); {
	case !ok:
		return nil, malformed
	case n != uint64(shards):
		return nil, fmt.Errorf("%w: the position is one of another cluster, with %d shards", mantisdb.ErrHistoryGone, n)
	}
	for i := range p.from {
		version, ok := next()
		if !ok || version >= math.MaxInt64 {
			return nil, malformed
		}
		p.from[i] = version
	}
	if len(rest) > 0 {
		return nil, malformed
	}
	return p, nil
}
