package storage

import "fmt"

// Compression is how an engine compresses the values and keys that it writes to disk,
// a block of a few KiB at a time.
type Compression uint8

// The kinds of compression. The numbers are part of what is stored.
const (
	// CompressionDefault is the engine's own choice: LZ4 in the Rust engine.
	CompressionDefault Compression = 0
	// CompressionNone stores blocks as they are: for what is compressed already.
	CompressionNone Compression = 1
	// CompressionLZ4 costs little time, to read above all.
	CompressionLZ4 Compression = 2
	// CompressionZstd takes less space than LZ4, and more time.
	CompressionZstd Compression = 3
)

var compressionNames = [...]string{"default", "none", "lz4", "zstd"}

// ParseCompression reads "default", "none", "lz4" or "zstd".
func ParseCompression(s string) (Compression, error) {
	for c, name := range compressionNames {
		if s == name {
			return Compression(c), nil
		}
	}
	return 0, fmt.Errorf("%w: unknown compression %q: use default, none, lz4 or zstd", ErrInvalidOptions, s)
}

// String is the name, as ParseCompression reads it.
func (c Compression) String() string {
	if int(c) < len(compressionNames) {
		return compressionNames[c]
	}
	return fmt.Sprintf("compression(%d)", uint8(c))
}

// Check returns nil for one of the kinds, else ErrInvalidOptions.
func (c Compression) Check() error {
	if int(c) < len(compressionNames) {
		return nil
	}
	return fmt.Errorf("%w: no compression has the number %d", ErrInvalidOptions, uint8(c))
}
