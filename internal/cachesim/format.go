package cachesim

import (
	"context"
	"fmt"
	"io"
)

// The formats of traces.
const (
	FormatARC = "arc" // lines of text: first key, number of keys, two more fields
	FormatU32 = "u32" // keys of 32 bits, little-endian
	FormatCSV = "csv" // a key and by choice a size a line
)

// Formats lists the formats of traces.
var Formats = []string{FormatARC, FormatU32, FormatCSV}

// Source says what a trace is and how to read it.
type Source struct {
	Name    string // what errors and results call the trace
	Format  string // one of Formats
	Columns Columns
}

// Read reads a trace. Input that is compressed with Zstandard or xz is
// decompressed, which its first bytes tell. Errors name the source and the line or
// byte, of the decompressed input, at which something is wrong.
func Read(ctx context.Context, in io.Reader, source Source) (*Trace, error) {
	trace, err := read(ctx, in, source, maxRequests)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source.Name, err)
	}
	return trace, nil
}

func read(ctx context.Context, in io.Reader, source Source, limit uint64) (*Trace, error) {
	plain, err := decompress(in)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	b := newBuilder(source.Name, source.Format, limit)
	if err := source.parse(cancellable{ctx, plain}, b); err != nil {
		return nil, err
	}
	return b.finish()
}

// parse adds the requests of in to b.
func (s *Source) parse(in io.Reader, b *builder) error {
	switch s.Format {
	case FormatARC:
		return parseARC(in, b)
	case FormatU32:
		return parseU32(in, b)
	case FormatCSV:
		return parseCSV(in, b, s.Columns)
	}
	return fmt.Errorf("no format is called %q", s.Format)
}

// cancellable is a reader that ends with the context's error.
type cancellable struct {
	ctx context.Context
	in  io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(p)
}
