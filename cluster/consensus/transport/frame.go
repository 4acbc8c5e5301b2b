package transport

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// headerLen is the length of what precedes a payload.
const headerLen = 4 + 4 + 1

// kind is what a frame carries.
type kind uint8

const (
	batchFrame kind = 1
	chunkFrame kind = 2
)

// The longest payloads. Dragonboat closes a batch at 64 MiB, by an estimate that is above what it
// takes; a single message is longer only if one entry is, and none is longer than 32 MiB
// (replica.MaxEntryLen). A chunk has 2 MiB of a snapshot.
const (
	maxBatchLen = 65 << 20
	maxChunkLen = 4 << 20
)

// maxLen is the longest payload of a kind, 0 of one that there is not.
func (k kind) maxLen() int {
	switch k {
	case batchFrame:
		return maxBatchLen
	case chunkFrame:
		return maxChunkLen
	}
	return 0
}

// keptLen is how much memory for frames a connection keeps from one to the next. Most batches have
// some kilobytes; a longer one is an exception. Chunks follow one another.
func (k kind) keptLen() int {
	if k == chunkFrame {
		return maxChunkLen
	}
	return 256 << 10
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameWriter makes frames in memory of its own.
type frameWriter struct{ memory []byte }

// frame is a message that takes at most n bytes, in a frame that is valid until the next call.
func (w *frameWriter) frame(k kind, n int, marshal func([]byte) (int, error)) ([]byte, error) {
	if cap(w.memory) < headerLen+n {
		w.memory = make([]byte, headerLen+n)
	}
	frame := w.memory[:headerLen+n]
	if cap(w.memory) > k.keptLen() {
		w.memory = nil
	}
	n, err := marshal(frame[headerLen:])
	if err != nil {
		return nil, err
	}
	if n > k.maxLen() {
		return nil, fmt.Errorf("a frame of kind %d has %d bytes, more than the other side takes", k, n)
	}
	frame = frame[:headerLen+n]
	seal(frame, k)
	return frame, nil
}

// seal writes the header of a frame whose payload is in its place.
func seal(frame []byte, k kind) {
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(frame)-headerLen))
	frame[8] = byte(k)
	binary.LittleEndian.PutUint32(frame, crc32.Checksum(frame[4:], castagnoli))
}

// errMalformed says that what arrived is none of what a node sends.
var errMalformed = errors.New("malformed")

// readAhead is how much is read from a connection at once, so that a small batch takes one call of
// the system, and firstLen how much memory a longer payload is given before any of it has arrived.
const (
	readAhead = 64 << 10
	firstLen  = 64 << 10
)

// frameReader reads frames.
type frameReader struct {
	in     *bufio.Reader
	header [headerLen]byte
	memory []byte
}

func newFrameReader(in io.Reader) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(in, readAhead)}
}

// next reads a frame. Its payload is valid until the next call. The error is io.EOF if the stream
// ends before a frame, and wraps errMalformed if what arrives is no frame.
func (r *frameReader) next() (kind, []byte, error) {
	if _, err := io.ReadFull(r.in, r.header[:]); err != nil {
		return 0, nil, err
	}
	sum := binary.LittleEndian.Uint32(r.header[:])
	length := uint64(binary.LittleEndian.Uint32(r.header[4:]))
	k := kind(r.header[8])
	if most := k.maxLen(); most == 0 || length == 0 || length > uint64(most) {
		return 0, nil, fmt.Errorf("%w: a frame of kind %d and %d bytes", errMalformed, k, length)
	}
	payload, err := r.payload(int(length))
	if err != nil {
		return 0, nil, err
	}
	if cap(r.memory) > k.keptLen() {
		r.memory = nil
	}
	if crc32.Update(crc32.Checksum(r.header[4:], castagnoli), castagnoli, payload) != sum {
		return 0, nil, fmt.Errorf("%w: a frame of kind %d and %d bytes has another checksum", errMalformed, k, length)
	}
	return k, payload, nil
}

// payload reads n bytes. It takes new memory only for a few times of what has arrived already,
// whatever n says.
func (r *frameReader) payload(n int) ([]byte, error) {
	r.memory = r.memory[:0]
	for have := 0; have < n; have = len(r.memory) {
		step := min(n-have, max(have, firstLen, cap(r.memory)-have))
		r.memory = slices.Grow(r.memory, step)[:have+step]
		if _, err := io.ReadFull(r.in, r.memory[have:]); err != nil {
			return nil, noEOF(err)
		}
	}
	return r.memory, nil
}

// noEOF is the error of a read within something that has a length.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
