package cachesim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

const (
	// maxARCLine is longer than any line of four numbers.
	maxARCLine = 4 << 10
	// maxARCCount keeps a damaged line from being taken for billions of requests.
	maxARCCount = 1 << 24
)

// parseARC reads lines `start count ignored request`: a request for each of the
// keys start to start+count-1. What follows the count is not looked at.
func parseARC(in io.Reader, b *builder) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, maxARCLine), maxARCLine)
	number := 1
	for ; lines.Scan(); number++ {
		if err := addARCLine(b, lines.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d bytes, so it is no line of an ARC trace", number, maxARCLine)
	} else if err != nil {
		return fmt.Errorf("line %d: cannot read on: %w", number, err)
	}
	return nil
}

// addARCLine adds the requests of a line; a blank one has none.
func addARCLine(b *builder, line []byte) error {
	field, rest := nextField(line)
	if len(field) == 0 {
		return nil
	}
	start, err := strconv.ParseUint(string(field), 10, 64)
	if err != nil {
		return fmt.Errorf("the first key is %s, which is no number of 64 bits", quoted(field))
	}
	field, _ = nextField(rest)
	count, err := strconv.ParseUint(string(field), 10, 64)
	if err != nil || count == 0 || count > maxARCCount {
		return fmt.Errorf("the number of keys is %s: it must be from 1 to %d", quoted(field), maxARCCount)
	}
	if start > math.MaxUint64-(count-1) {
		return fmt.Errorf("%d keys from %d on are more than there are numbers of 64 bits", count, start)
	}
	for i := range count {
		if err := b.add(start + i); err != nil {
			return err
		}
	}
	return nil
}

// nextField splits off the first of fields that white space separates.
func nextField(line []byte) (field, rest []byte) {
	line = bytes.TrimLeft(line, " \t\r")
	end := bytes.IndexAny(line, " \t\r")
	if end < 0 {
		return line, nil
	}
	return line[:end], line[end:]
}

// quoted is input in an error: not more of it than helps.
func quoted[T string | []byte](text T) string {
	const enough = 40
	if len(text) == 0 {
		return "missing"
	}
	if len(text) > enough {
		return strconv.Quote(string(text[:enough])) + "..."
	}
	return strconv.Quote(string(text))
}
