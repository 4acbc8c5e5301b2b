package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// kind is what a frame has in it.
type kind uint16

const (
	batchFrame kind = 100
	chunkFrame kind = 200
)

// A frame is
//
//	magic [2]u8 | kind u16 | size u64 | checksum of the header u32 | checksum u32 | content
//
// with numbers in big endian. The first checksum is of kind to the second one, with 0 in its own
// place; the second is of the content, and 0 on an encrypted connection. In place of a frame, the
// sender of a snapshot ends by farewell, which the receiver returns.
const (
	magicLen  = 2
	headerLen = 18
)

var (
	magic    = [magicLen]byte{0xAE, 0x7D}
	farewell = [magicLen]byte{}
)

// errMalformed says that what came is no frame.
var errMalformed = errors.New("what came from another node makes no sense")

// message is what a frame can carry.
type message interface {
	Size() int
	MarshalTo(b []byte) (int, error)
	Unmarshal(b []byte) error
}

// decode reads what a frame carries. Dragonboat's decoders reach out of bounds where a length is a lie;
// they change nothing but what they read into, which is given up then.
func decode(into message, b []byte) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("%w: %v", errMalformed, why)
		}
	}()
	if err := into.Unmarshal(b); err != nil {
		return errors.Join(errMalformed, err)
	}
	return nil
}

// appendFrame appends a frame to b.
func appendFrame(b []byte, k kind, m message, encrypted bool) ([]byte, error) {
	at := len(b)
	b = append(b, make([]byte, magicLen+headerLen+m.Size())...)
	copy(b[at:], magic[:])
	header, content := b[at+magicLen:][:headerLen], b[at+magicLen+headerLen:]
	size, err := m.MarshalTo(content)
	if err != nil {
		return nil, err
	}
	content = content[:size]
	binary.BigEndian.PutUint16(header, uint16(k))
	binary.BigEndian.PutUint64(header[2:], uint64(size))
	if !encrypted {
		binary.BigEndian.PutUint32(header[14:], crc32.ChecksumIEEE(content))
	}
	binary.BigEndian.PutUint32(header[10:], crc32.ChecksumIEEE(header))
	return b[:at+magicLen+headerLen+size], nil
}

// readFrame reads a frame; its content is valid until the buffer is used again. It is io.EOF after
// a farewell.
func readFrame(r io.Reader, buffer *bytes.Buffer, encrypted bool) (kind, []byte, error) {
	var head [magicLen + headerLen]byte
	if _, err := io.ReadFull(r, head[:magicLen]); err != nil {
		return 0, nil, err
	}
	switch [magicLen]byte(head[:]) {
	case magic:
	case farewell:
		return 0, nil, io.EOF
	default:
		return 0, nil, errMalformed
	}
	header := head[magicLen:]
	if _, err := io.ReadFull(r, header); err != nil {
		return 0, nil, err
	}
	k, size, sum, err := parseHeader(header)
	if err != nil {
		return 0, nil, err
	}
	buffer.Reset()
	// What a header claims takes no memory before it has come.
	if _, err := io.CopyN(buffer, r, size); err != nil {
		return 0, nil, err
	}
	if !encrypted && crc32.ChecksumIEEE(buffer.Bytes()) != sum {
		return 0, nil, fmt.Errorf("%w: the checksum of its content is wrong", errMalformed)
	}
	return k, buffer.Bytes(), nil
}

// parseHeader reads a header, and overwrites its checksum.
func parseHeader(header []byte) (k kind, size int64, sum uint32, err error) {
	own := binary.BigEndian.Uint32(header[10:])
	binary.BigEndian.PutUint32(header[10:], 0)
	if crc32.ChecksumIEEE(header) != own {
		return 0, 0, 0, fmt.Errorf("%w: the checksum of its header is wrong", errMalformed)
	}
	k, size = kind(binary.BigEndian.Uint16(header)), int64(binary.BigEndian.Uint64(header[2:]))
	if k != batchFrame && k != chunkFrame || size <= 0 {
		return 0, 0, 0, fmt.Errorf("%w: it is of kind %d and has %d bytes", errMalformed, k, size)
	}
	return k, size, binary.BigEndian.Uint32(header[14:]), nil
}
