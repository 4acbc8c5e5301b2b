package redis

import (
	"encoding/binary"
	"errors"
	"hash/crc64"
	"math"

	"github.com/mantisdb/mantisdb"
)

// What DUMP gives is an object as Redis's files have it, and a footer:
//
//	type u8, 0 for a string | string | version u16 | checksum u64
//
// A string begins with a byte whose upper two bits tell how its length is written, or that
// it is no plain string but a number or compressed. Numbers are little-endian, but for
// lengths, which are big-endian.
const (
	rdbVersion   = 10 // that of Redis 7.0
	rdbString    = 0  // the type
	rdbFooterLen = 2 + 8

	lengthOf6  = 0 // the lower six bits are the length
	lengthOf14 = 1 // they and another byte are
	lengthLong = 2 // it follows
	encoded    = 3 // the lower six bits are one of the encodings

	length32 = lengthLong << 6
	length64 = lengthLong<<6 | 1

	encodedInt8  = 0
	encodedInt16 = 1
	encodedInt32 = 2
	encodedLZF   = 3
)

// crcTable is of the polynomial of Jones, reflected.
var crcTable = crc64.MakeTable(0x95ac9329ac4bc9b5)

// rdbChecksum is the checksum of Redis, which begins with 0 and inverts nothing; package
// crc64 inverts before and after.
func rdbChecksum(data []byte) uint64 { return ^crc64.Update(math.MaxUint64, crcTable, data) }

// The errors of what RESTORE is given.
const (
	errBadPayload Error = "ERR DUMP payload version or checksum are wrong"
	errBadFormat  Error = "ERR Bad data format"
)

// appendDump appends a value as DUMP gives it. Redis may compress it, this does not;
// either reads both.
func appendDump(dst, value []byte) []byte {
	begin := len(dst)
	dst = append(dst, rdbString)
	if n, ok := parseInteger(value); ok && n == int64(int32(n)) {
		dst = appendRDBInteger(dst, n)
	} else {
		dst = append(appendRDBLength(dst, len(value)), value...)
	}
	dst = binary.LittleEndian.AppendUint16(dst, rdbVersion)
	return binary.LittleEndian.AppendUint64(dst, rdbChecksum(dst[begin:]))
}

// appendRDBInteger appends a number of at most 32 bits, as short as it goes.
func appendRDBInteger(dst []byte, n int64) []byte {
	switch {
	case n == int64(int8(n)):
		return append(dst, encoded<<6|encodedInt8, byte(n))
	case n == int64(int16(n)):
		return binary.LittleEndian.AppendUint16(append(dst, encoded<<6|encodedInt16), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(dst, encoded<<6|encodedInt32), uint32(n))
}

func appendRDBLength(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, lengthOf6<<6|byte(n))
	case n < 1<<14:
		return append(dst, lengthOf14<<6|byte(n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, length32), uint32(n))
}

// A value's length is written in 32 bits.
const _ = uint(math.MaxUint32 - mantisdb.MaxValueLen)

// parseDump is the value of what DUMP gave, here or in Redis; it may be borrowed from it.
// Anything but a string, whole and of a version that is known, is an Error.
func parseDump(dump []byte) ([]byte, error) {
	if len(dump) < rdbFooterLen {
		return nil, errBadPayload
	}
	object, footer := dump[:len(dump)-rdbFooterLen], dump[len(dump)-rdbFooterLen:]
	if binary.LittleEndian.Uint16(footer) > rdbVersion ||
		binary.LittleEndian.Uint64(footer[2:]) != rdbChecksum(dump[:len(dump)-8]) {
		return nil, errBadPayload
	}
	if len(object) == 0 || object[0] != rdbString {
		return nil, errBadFormat
	}
	in := rdbReader{rest: object[1:]}
	value, err := in.string()
	if err != nil || len(in.rest) != 0 {
		return nil, errBadFormat
	}
	return value, nil
}

// errShort is of an object that ends too early, or says what none does.
var errShort = errors.New("redis: an object is not whole")

// rdbReader reads an object from its beginning.
type rdbReader struct{ rest []byte }

// take is the next n bytes, borrowed.
func (in *rdbReader) take(n uint64) ([]byte, error) {
	if n > uint64(len(in.rest)) {
		return nil, errShort
	}
	taken := in.rest[:n]
	in.rest = in.rest[n:]
	return taken, nil
}

func (in *rdbReader) string() ([]byte, error) {
	n, isEncoding, err := in.length()
	switch {
	case err != nil:
		return nil, err
	case !isEncoding:
		return in.take(n)
	case n == encodedLZF:
		return in.compressed()
	}
	return in.integer(n)
}

// length reads how long a string is, or how it is encoded.
func (in *rdbReader) length() (n uint64, isEncoding bool, err error) {
	head, err := in.take(1)
	if err != nil {
		return 0, false, err
	}
	switch low := uint64(head[0] & 0x3f); head[0] >> 6 {
	case lengthOf6:
		return low, false, nil
	case encoded:
		return low, true, nil
	case lengthOf14:
		next, err := in.take(1)
		if err != nil {
			return 0, false, err
		}
		return low<<8 | uint64(next[0]), false, nil
	}
	switch head[0] {
	case length32:
		if digits, err := in.take(4); err == nil {
			return uint64(binary.BigEndian.Uint32(digits)), false, nil
		}
	case length64:
		if digits, err := in.take(8); err == nil {
			return binary.BigEndian.Uint64(digits), false, nil
		}
	}
	return 0, false, errShort
}

// integer reads a number of an encoding, as text.
func (in *rdbReader) integer(encoding uint64) ([]byte, error) {
	if encoding > encodedInt32 {
		return nil, errShort
	}
	digits, err := in.take(1 << encoding)
	if err != nil {
		return nil, err
	}
	switch encoding {
	case encodedInt8:
		return appendInt(nil, int64(int8(digits[0]))), nil
	case encodedInt16:
		return appendInt(nil, int64(int16(binary.LittleEndian.Uint16(digits)))), nil
	}
	return appendInt(nil, int64(int32(binary.LittleEndian.Uint32(digits)))), nil
}

// compressed reads a compressed string: both lengths, and the bytes.
func (in *rdbReader) compressed() ([]byte, error) {
	length, isEncoding, err := in.length()
	if err != nil || isEncoding {
		return nil, errShort
	}
	whole, isEncoding, err := in.length()
	if err != nil || isEncoding || whole > mantisdb.MaxValueLen {
		return nil, errShort
	}
	packed, err := in.take(length)
	if err != nil {
		return nil, err
	}
	return unpackLZF(packed, int(whole))
}
