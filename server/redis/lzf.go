package redis

import "errors"

// LZF is a row of pieces. Of the first byte of each, the upper three bits tell what it is:
//
//	0          lower five bits + 1 bytes follow, which are taken as they are
//	1 to 6     so many + 2 bytes are repeated
//	7          so many as the next byte tells + 9 are repeated
//
// What is repeated begins so far back as the lower five bits and the last byte of the piece
// tell, + 1. It may reach into itself.
const (
	lzfLengthShift = 5
	lzfLow         = 1<<lzfLengthShift - 1
	lzfLong        = 7
	lzfShortest    = 2   // repeated bytes that are not counted
	lzfLongest     = 264 // bytes of one piece, which takes at least three
)

var errLZF = errors.New("redis: a compressed string is damaged")

// unpackLZF is what was compressed, of which the length is known. It allocates no more
// than what packed could hold.
func unpackLZF(packed []byte, length int) ([]byte, error) {
	if length/lzfLongest > len(packed) {
		return nil, errLZF
	}
	out := make([]byte, 0, length)
	for len(packed) > 0 {
		head := int(packed[0])
		packed = packed[1:]
		n := head >> lzfLengthShift
		if n == 0 {
			n = head + 1
			if n > len(packed) || n > length-len(out) {
				return nil, errLZF
			}
			out = append(out, packed[:n]...)
			packed = packed[n:]
			continue
		}
		if n == lzfLong && len(packed) > 0 {
			n += int(packed[0])
			packed = packed[1:]
		}
		n += lzfShortest
		if len(packed) == 0 || n > length-len(out) {
			return nil, errLZF
		}
		back := (head&lzfLow)<<8 + int(packed[0]) + 1
		packed = packed[1:]
		if back > len(out) {
			return nil, errLZF
		}
		out = appendRepeated(out, back, n)
	}
	if len(out) != length {
		return nil, errLZF
	}
	return out, nil
}

// appendRepeated appends n bytes that begin so far back, which may be fewer.
func appendRepeated(out []byte, back, n int) []byte {
	from := len(out) - back
	for n > 0 {
		piece := out[from:min(len(out), from+n)]
		out = append(out, piece...)
		n -= len(piece)
	}
	return out
}
