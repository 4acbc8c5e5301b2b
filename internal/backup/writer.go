package backup

import (
	"crypto/sha256"
	"hash"
	"io"
)

// Writer writes a backup. It must be ended with Close, without which what was
// written is no backup.
type Writer struct {
	w       io.Writer
	digest  hash.Hash // of all that was written
	chunk   []byte
	pending uint64 // entries in chunk
	totals  Totals
	written uint64
}

// NewWriter begins a backup.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	b := &Writer{w: w, digest: sha256.New()}
	return b, b.write(appendHeader(nil, h))
}

// Add adds an entry, whose key must be greater than the one before. Both are
// copied.
func (b *Writer) Add(key, value []byte, expiresAt int64) error {
	b.chunk = appendEntry(b.chunk, key, value, expiresAt)
	b.pending++
	if len(b.chunk) < chunkTarget {
		return nil
	}
	return b.flush()
}

// Close writes what is left and the trailer.
func (b *Writer) Close() (Totals, error) {
	if err := b.flush(); err != nil {
		return Totals{}, err
	}
	trailer := appendTrailer(nil, b.totals, b.digest.Sum(nil))
	return b.totals, b.write(append(appendFrameHeader(nil, trailerFrame, trailer), trailer...))
}

// Written is the bytes written so far.
func (b *Writer) Written() uint64 { return b.written }

func (b *Writer) flush() error {
	if b.pending == 0 {
		return nil
	}
	if err := b.write(appendFrameHeader(nil, chunkFrame, b.chunk)); err != nil {
		return err
	}
	if err := b.write(b.chunk); err != nil {
		return err
	}
	b.totals.Entries += b.pending
	b.totals.Bytes += uint64(len(b.chunk))
	b.totals.Chunks++
	b.chunk, b.pending = b.chunk[:0], 0
	return nil
}

func (b *Writer) write(p []byte) error {
	b.digest.Write(p) // never fails
	n, err := b.w.Write(p)
	b.written += uint64(n)
	return err
}
