package cachesim

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// parseU32 reads keys of 32 bits, little-endian, back to back.
func parseU32(in io.Reader, b *builder) error {
	buffered := bufio.NewReaderSize(in, 64<<10)
	var key [4]byte
	for offset := int64(0); ; offset += int64(len(key)) {
		n, err := io.ReadFull(buffered, key[:])
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("byte %d: it ends with %d bytes that are no whole key of %d", offset, n, len(key))
		case err != nil:
			return fmt.Errorf("byte %d: cannot read on: %w", offset, err)
		}
		if err := b.add(uint64(binary.LittleEndian.Uint32(key[:]))); err != nil {
			return fmt.Errorf("byte %d: %w", offset, err)
		}
	}
}
