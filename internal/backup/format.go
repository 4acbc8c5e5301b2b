// Package backup is the stream that a database is backed up to and restored
// from: a header, chunks of entries in the order of their keys, and a trailer
// that tells whether all of it has come. It is the same for every engine;
// docs/format.md shows its bytes.
//
// Each frame has a checksum, so that damage is found before any of a chunk is
// used, and the trailer has counts and a digest of all that is before it, so
// that a stream that lacks or repeats a part is found too.
package backup

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/mantisdb/mantisdb/storage"
)

// magic begins every backup.
const magic = "MANTISBK"

// Version is that of the format.
const Version = 1

// Lengths in bytes.
const (
	headerLen      = 32
	frameHeaderLen = 9
	trailerLen     = 56
	entryHeaderLen = 16
	// chunkTarget is when a chunk is full. An entry is never split, so a chunk
	// may be longer, by one entry at the most.
	chunkTarget = 1 << 20
	maxChunkLen = chunkTarget + entryHeaderLen + storage.MaxKeyLen + storage.MaxValueLen
)

// The kinds of frame.
const (
	chunkFrame   = 1
	trailerFrame = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header says what a backup is of.
type Header struct {
	Created     int64  // Unix milliseconds
	LastVersion uint64 // the newest version that the backup sees
}

// Totals are what a trailer says.
type Totals struct {
	Entries uint64
	Bytes   uint64 // of all chunks' payloads
	Chunks  uint64
}

// appendHeader appends
//
//	magic [8]byte | version u32 | created i64 | last version u64 | CRC-32C u32
func appendHeader(dst []byte, h Header) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, Version)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.Created))
	dst = binary.LittleEndian.AppendUint64(dst, h.LastVersion)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// parseHeader reads headerLen bytes.
func parseHeader(p []byte) (Header, error) {
	if string(p[:len(magic)]) != magic {
		return Header{}, fmt.Errorf("%w: this is no backup of MantisDB", storage.ErrWrongFormat)
	}
	if v := binary.LittleEndian.Uint32(p[8:]); v != Version {
		return Header{}, fmt.Errorf("%w: the backup has version %d, this program reads %d", storage.ErrWrongFormat, v, Version)
	}
	if binary.LittleEndian.Uint32(p[28:]) != crc32.Checksum(p[:28], castagnoli) {
		return Header{}, corrupt(0, "the header's checksum is wrong")
	}
	return Header{
		Created:     int64(binary.LittleEndian.Uint64(p[12:])),
		LastVersion: binary.LittleEndian.Uint64(p[20:]),
	}, nil
}

// frame is a frame's header:
//
//	kind u8 | payload's length u32 | CRC-32C u32 of kind, length and payload
type frame struct {
	kind   byte
	length uint32
	sum    uint32
}

func appendFrameHeader(dst []byte, kind byte, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	return binary.LittleEndian.AppendUint32(dst, frameSum(dst[start:start+5], payload))
}

func frameSum(head, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, payload)
}

// parseFrameHeader reads frameHeaderLen bytes at an offset of the stream.
func parseFrameHeader(p []byte, offset uint64) (frame, error) {
	f := frame{p[0], binary.LittleEndian.Uint32(p[1:]), binary.LittleEndian.Uint32(p[5:])}
	switch {
	case f.kind == chunkFrame && f.length > 0 && f.length <= maxChunkLen:
	case f.kind == trailerFrame && f.length == trailerLen:
	default:
		return frame{}, corrupt(offset, "a frame of kind %d and %d bytes does not exist", f.kind, f.length)
	}
	return f, nil
}

// appendEntry appends
//
//	key length u32 | value length u32 | expiry i64 | key | value
func appendEntry(dst, key, value []byte, expiresAt int64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(key)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(value)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(expiresAt))
	dst = append(dst, key...)
	return append(dst, value...)
}

// entry is one of a chunk, which it borrows from.
type entry struct {
	key, value []byte
	expiresAt  int64
}

// parseEntry splits the first entry off a chunk's payload.
func parseEntry(p []byte) (e entry, rest []byte, err error) {
	if len(p) < entryHeaderLen {
		return entry{}, nil, fmt.Errorf("an entry of %d bytes has no header", len(p))
	}
	keyLen := uint64(binary.LittleEndian.Uint32(p))
	valueLen := uint64(binary.LittleEndian.Uint32(p[4:]))
	e.expiresAt = int64(binary.LittleEndian.Uint64(p[8:]))
	body := p[entryHeaderLen:]
	if keyLen+valueLen > uint64(len(body)) {
		return entry{}, nil, fmt.Errorf("an entry's key of %d bytes and value of %d do not fit in its chunk", keyLen, valueLen)
	}
	e.key, e.value, rest = body[:keyLen], body[keyLen:keyLen+valueLen], body[keyLen+valueLen:]
	return e, rest, nil
}

// appendTrailer appends the payload of a trailer:
//
//	entries u64 | bytes u64 | chunks u64 | SHA-256 of all before the trailer's frame
func appendTrailer(dst []byte, t Totals, digest []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, t.Entries)
	dst = binary.LittleEndian.AppendUint64(dst, t.Bytes)
	dst = binary.LittleEndian.AppendUint64(dst, t.Chunks)
	return append(dst, digest...)
}

// parseTrailer reads trailerLen bytes.
func parseTrailer(p []byte) (t Totals, digest []byte) {
	t.Entries = binary.LittleEndian.Uint64(p)
	t.Bytes = binary.LittleEndian.Uint64(p[8:])
	t.Chunks = binary.LittleEndian.Uint64(p[16:])
	return t, p[24:trailerLen]
}

// corrupt is the error of a stream that is damaged at an offset.
func corrupt(offset uint64, format string, args ...any) error {
	return fmt.Errorf("%w: the backup at byte %d: %s", storage.ErrCorrupt, offset, fmt.Sprintf(format, args...))
}
