package sharded

import (
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
//	base64url( form u8 = 1 | shards uvarint | version uvarint, for each shard )
type position []uint64

// positionForm is the first byte, so that there may be another form.
const positionForm = 1

// append appends the text.
func (p position) append(dst []byte) []byte {
	packed := make([]byte, 0, 1+(1+len(p))*binary.MaxVarintLen64)
	packed = append(packed, positionForm)
	packed = binary.AppendUvarint(packed, uint64(len(p)))
	for _, version := range p {
		packed = binary.AppendUvarint(packed, version)
	}
	return base64.RawURLEncoding.AppendEncode(dst, packed)
}

// parsePosition reads the text of a position in so many shards. The empty one is 0 in all.
func parsePosition(text server.Position, shards int) (position, error) {
	p := make(position, shards)
	if text == "" {
		return p, nil
	}
	malformed := fmt.Errorf("%w: %.40q is not the id of an event of this cluster", mantisdb.ErrInvalidOptions, string(text))
	packed, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(packed) == 0 || packed[0] != positionForm {
		return nil, malformed
	}
	rest := packed[1:]
	next := func() (n uint64, ok bool) {
		n, read := binary.Uvarint(rest)
		if read <= 0 {
			return 0, false
		}
		rest = rest[read:]
		return n, true
	}
	if n, ok := next(); !ok || n != uint64(shards) {
		return nil, malformed
	}
	for i := range p {
		version, ok := next()
		if !ok || version >= math.MaxInt64 {
			return nil, malformed
		}
		p[i] = version
	}
	if len(rest) > 0 {
		return nil, malformed
	}
	return p, nil
}
