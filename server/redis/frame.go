package redis

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// Nodes answer each other over trunks: connections that many calls share. Who dials sends
// trunkHello first, with the number of the cluster if that has one, and then frames
//
//	length u32, of what follows | kind u8 | call u64 | body          numbers little-endian
//
// with calls; who accepts sends frames with their replies. Calls are answered in any order.
const trunkHello = "mantisdb trunk 1"

// trunkHelloOf is what trunks begin with in a cluster with a number, or an empty one.
func trunkHelloOf(number string) string {
	if number == "" {
		return trunkHello + "\r\n"
	}
	return trunkHello + " " + number + "\r\n"
}

// frameKind is what a frame has.
type frameKind uint8

const (
	// frameCall is a call: database u8, protocol u8, commands.
	frameCall frameKind = iota + 1
	// framePiece is a part of the replies to a call, behind which others come.
	framePiece
	// frameReply is the rest of the replies to a call, which ends it.
	frameReply
	// frameRefused tells that a call was not done, as the node ends; or, of call 0, that no more
	// will be.
	frameRefused
)

const (
	frameHead     = 4 + 1 + 8
	callHead      = 2
	longestFrame  = 1 << 30 // of a call, which has a command of the length that a client may send
	frameReadStep = 1 << 20 // bytes for which memory is taken before they have come
	trunkBuffer   = 64 << 10
)

// frame is the head of one that was read: a body of length bytes follows it.
type frame struct {
	kind   frameKind
	call   uint64
	length int
}

// appendFrame appends a frame, whose body is in pieces.
func appendFrame(dst []byte, kind frameKind, call uint64, body ...[]byte) []byte {
	length := frameHead - 4
	for _, piece := range body {
		length += len(piece)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(length))
	dst = append(dst, byte(kind))
	dst = binary.LittleEndian.AppendUint64(dst, call)
	for _, piece := range body {
		dst = append(dst, piece...)
	}
	return dst
}

// readFrame reads the head of a frame.
func readFrame(in *bufio.Reader) (frame, error) {
	head, err := in.Peek(frameHead)
	if err != nil {
		return frame{}, err
	}
	length := int64(binary.LittleEndian.Uint32(head)) - (frameHead - 4)
	f := frame{kind: frameKind(head[4]), call: binary.LittleEndian.Uint64(head[5:]), length: int(length)}
	if length < 0 || length > longestFrame {
		return f, fmt.Errorf("a frame of %d bytes", length)
	}
	_, err = in.Discard(frameHead)
	return f, err
}

// readBody appends the body of a frame to dst.
func (f *frame) readBody(in *bufio.Reader, dst []byte) ([]byte, error) {
	for left := f.length; left > 0; {
		step, end := min(left, frameReadStep), len(dst)
		dst = slices.Grow(dst, step)[:end+step]
		if _, err := io.ReadFull(in, dst[end:]); err != nil {
			return dst, err
		}
		left -= step
	}
	return dst, nil
}

// skipBody passes the body of a frame over.
func (f *frame) skipBody(in *bufio.Reader) error {
	_, err := in.Discard(f.length)
	return err
}

// greet reads what the trunks of the cluster begin with, for which there is some time.
func greet(conn net.Conn, in *bufio.Reader, number string) error {
	if err := conn.SetReadDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	want := trunkHelloOf(number)
	hello := make([]byte, len(want))
	if _, err := io.ReadFull(in, hello); err != nil {
		return err
	}
	if string(hello) != want {
		return errors.New("what came does not begin a trunk of this version and cluster")
	}
	return conn.SetReadDeadline(time.Time{})
}
