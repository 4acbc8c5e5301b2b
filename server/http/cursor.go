package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/mantisdb/mantisdb"
)

// A cursor says where a scan goes on: behind the last key that was told. It is
// opaque to clients. In base64url without padding, it is
//
//	form u8 | checksum [8]byte | key
//
// The checksum covers the key, the scan's range and its keyspace, so that a cursor that was
// damaged, made up, or taken from another scan is refused. It is no secret: a
// client gains nothing by forging what it could ask for anyway.
const (
	cursorForm      = 1
	cursorHeaderLen = 1 + cursorSumLen
	cursorSumLen    = 8
)

// errCursor: a cursor does not belong to the scan it came with.
var errCursor = errors.New("it is damaged, or from a scan with other parameters: repeat keyspace, prefix, start, end and reverse as they were")

// encodeCursor is the cursor of the scan of a keyspace over r that has told last.
func encodeCursor(keyspace string, r mantisdb.Range, last []byte) string {
	sum := cursorSum(keyspace, r, last)
	b := make([]byte, 0, cursorHeaderLen+len(last))
	b = append(b, cursorForm)
	b = append(b, sum[:]...)
	b = append(b, last...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor is the last key that the scan of a keyspace over r has told.
func decodeCursor(keyspace string, r mantisdb.Range, cursor string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) <= cursorHeaderLen || b[0] != cursorForm {
		return nil, errCursor
	}
	last := b[cursorHeaderLen:]
	if cursorSum(keyspace, r, last) != [cursorSumLen]byte(b[1:cursorHeaderLen]) {
		return nil, errCursor
	}
	return last, nil
}

func cursorSum(keyspace string, r mantisdb.Range, last []byte) (sum [cursorSumLen]byte) {
	h := sha256.New()
	var length [8]byte
	for _, part := range [][]byte{r.Start, r.End, last} {
		h.Write(binary.LittleEndian.AppendUint64(length[:0], uint64(len(part))))
		h.Write(part)
	}
	if r.Reverse {
		h.Write([]byte{1})
	}
	if keyspace != "" {
		h.Write([]byte{2})
		h.Write([]byte(keyspace))
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// resume is the part of r that lies behind last.
func resume(r mantisdb.Range, last []byte) mantisdb.Range {
	if r.Reverse {
		r.End = last
	} else {
		r.Start = append(last[:len(last):len(last)], 0) // the least key greater than last
	}
	return r
}
