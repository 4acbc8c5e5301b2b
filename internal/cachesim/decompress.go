package cachesim

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// The first bytes of compressed files.
const (
	zstdMagic = "\x28\xb5\x2f\xfd"
	xzMagic   = "\xfd7zXZ\x00"
)

// zstdWindow is how much of the past zstd's own program looks back at unless it is
// told of more.
const zstdWindow = 128 << 20

// decompress reads what in holds, decompressed if need be.
func decompress(in io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(in, 256<<10)
	magic, err := buffered.Peek(len(xzMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot read it: %w", err)
	}
	switch {
	case len(magic) >= len(zstdMagic) && string(magic[:len(zstdMagic)]) == zstdMagic:
		decoder, err := zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("cannot decompress it: %w", err)
		}
		return &decompressor{in: decoder, close: decoder.Close, format: "Zstandard"}, nil
	case string(magic) == xzMagic:
		decoder, err := xz.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("cannot decompress it: %w", err)
		}
		return &decompressor{in: decoder, close: func() {}, format: "xz"}, nil
	}
	return io.NopCloser(buffered), nil
}

// decompressor says in its errors how far it came.
type decompressor struct {
	in     io.Reader
	close  func()
	format string
	done   int64 // bytes read
}

func (d *decompressor) Read(p []byte) (int, error) {
	n, err := d.in.Read(p)
	d.done += int64(n)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("its %s data is cut off behind byte %d", d.format, d.done)
	}
	return n, fmt.Errorf("its %s data is damaged behind byte %d: %w", d.format, d.done, err)
}

func (d *decompressor) Close() error {
	d.close()
	return nil
}
