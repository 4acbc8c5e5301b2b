package backup

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/mantisdb/mantisdb/storage"
)

// Reader reads a backup. What it gives out was verified, but for whether the
// rest of the stream is there: that is known when Next returns io.EOF.
type Reader struct {
	// Header says what the backup is of.
	Header Header

	r      io.Reader
	digest hash.Hash // of all that was read before the current frame
	offset uint64    // of what is read next
	chunk  bytes.Buffer
	last   []byte // the last key, and whether there was one
	begun  bool
	totals Totals
	ended  bool
}

// NewReader reads the header. A stream that is something else is
// storage.ErrWrongFormat, a damaged one storage.ErrCorrupt.
func NewReader(r io.Reader) (*Reader, error) {
	b := &Reader{r: r, digest: sha256.New()}
	var p [headerLen]byte
	if err := b.read(p[:]); err != nil {
		return nil, err
	}
	var err error
	b.Header, err = parseHeader(p[:])
	b.digest.Write(p[:])
	return b, err
}

// Next adds the entries of the next chunk to batch. At the end of a whole stream
// it returns io.EOF, and has then added nothing.
func (b *Reader) Next(batch *storage.Batch) error {
	if b.ended {
		return io.EOF
	}
	start := b.offset
	var head [frameHeaderLen]byte
	if err := b.read(head[:]); err != nil {
		return err
	}
	f, err := parseFrameHeader(head[:], start)
	if err != nil {
		return err
	}
	payload, err := b.readPayload(f.length)
	if err != nil {
		return err
	}
	if frameSum(head[:5], payload) != f.sum {
		return corrupt(start, "the frame's checksum is wrong")
	}
	if f.kind == trailerFrame {
		return b.end(start, payload)
	}
	b.digest.Write(head[:])
	b.digest.Write(payload)
	b.totals.Chunks++
	b.totals.Bytes += uint64(len(payload))
	return b.addEntries(batch, payload, start+frameHeaderLen)
}

// Totals are what was read so far.
func (b *Reader) Totals() Totals { return b.totals }

// Offset is how many bytes were read so far.
func (b *Reader) Offset() uint64 { return b.offset }

// addEntries adds the entries of a payload, which begins at an offset, and holds
// them to the order of keys and to the limits.
func (b *Reader) addEntries(batch *storage.Batch, payload []byte, offset uint64) error {
	for rest := payload; len(rest) > 0; {
		at := offset + uint64(len(payload)-len(rest))
		e, after, err := parseEntry(rest)
		if err != nil {
			return corrupt(at, "%v", err)
		}
		if b.begun && bytes.Compare(e.key, b.last) <= 0 {
			return corrupt(at, "a key is not greater than the one before it")
		}
		if err := batch.Put(e.key, e.value, e.expiresAt); err != nil {
			return corrupt(at, "%v", err)
		}
		b.last, b.begun = append(b.last[:0], e.key...), true
		b.totals.Entries++
		rest = after
	}
	return nil
}

// end compares the trailer with what came before it, and makes sure that nothing
// comes after.
func (b *Reader) end(start uint64, payload []byte) error {
	totals, digest := parseTrailer(payload)
	if totals != b.totals {
		return corrupt(start, "the trailer speaks of %d entries in %d chunks, and there were %d in %d",
			totals.Entries, totals.Chunks, b.totals.Entries, b.totals.Chunks)
	}
	if !bytes.Equal(digest, b.digest.Sum(nil)) {
		return corrupt(start, "the trailer's digest is not that of the stream")
	}
	var more [1]byte
	switch n, err := io.ReadFull(b.r, more[:]); {
	case n > 0:
		return corrupt(b.offset, "there is more behind the trailer")
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("mantisdb: cannot read the backup: %w", err)
	}
	b.ended = true
	return io.EOF
}

// readPayload reads a payload, borrowed until the next call. Memory is taken as
// bytes arrive, not as the frame announces them.
func (b *Reader) readPayload(length uint32) ([]byte, error) {
	b.chunk.Reset()
	n, err := io.CopyN(&b.chunk, b.r, int64(length))
	b.offset += uint64(n)
	return b.chunk.Bytes(), b.readError(err)
}

func (b *Reader) read(p []byte) error {
	n, err := io.ReadFull(b.r, p)
	b.offset += uint64(n)
	return b.readError(err)
}

func (b *Reader) readError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return corrupt(b.offset, "the stream ends before it is whole")
	}
	return fmt.Errorf("mantisdb: cannot read the backup: %w", err)
}
