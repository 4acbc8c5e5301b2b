package cachesim

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Columns says which columns of a CSV trace hold what, counted from 1. If both are
// 0, a header that names a column `key` and perhaps one `size` tells; without one the
// key is the first column, and the size the second, if there is one. If Key alone is
// given, there are no sizes; if Size alone is, the key is the first column.
type Columns struct{ Key, Size int }

// maxRecord is how many bytes a line of a CSV trace may have.
const maxRecord = 1 << 20

var errRecordTooLong = fmt.Errorf("longer than %d bytes: is a closing quote missing?", maxRecord)

// parseCSV reads a request a line. A key is any text, and two that differ in a byte
// differ; a size is a number of bytes.
func parseCSV(in io.Reader, b *builder, columns Columns) error {
	p := newCSVParser(in, b, columns)
	for first := true; ; first = false {
		p.limit.left = maxRecord
		record, err := p.records.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return p.readError(err)
		}
		p.line, _ = p.records.FieldPos(0)
		if first && p.begin(record) {
			continue
		}
		if err := p.add(record); err != nil {
			return fmt.Errorf("line %d: %w", p.line, err)
		}
	}
}

type csvParser struct {
	records *csv.Reader
	limit   *recordLimit
	line    int // at which the last record began
	to      *builder
	columns Columns // Key is set once the first record is known
	seed    maphash.Seed
}

func newCSVParser(in io.Reader, to *builder, columns Columns) *csvParser {
	limit := &recordLimit{in: in}
	records := csv.NewReader(bufio.NewReaderSize(limit, 64<<10))
	records.FieldsPerRecord = -1 // those that are looked at are checked
	records.ReuseRecord = true
	return &csvParser{records: records, limit: limit, to: to, columns: columns, seed: maphash.MakeSeed()}
}

// begin finds the columns by the first record, and tells whether that is a header.
func (p *csvParser) begin(record []string) bool {
	key, size := columnNamed(record, "key"), columnNamed(record, "size")
	c := &p.columns
	switch {
	case *c != Columns{}:
		c.Key = max(c.Key, 1)
	case key > 0:
		*c = Columns{key, size}
	default:
		*c = Columns{1, 0}
		if len(record) > 1 {
			c.Size = 2
		}
	}
	if key > 0 {
		return true
	}
	// Words where sizes are to come are a header of other names.
	if c.Size > 0 && c.Size <= len(record) {
		text := strings.TrimSpace(record[c.Size-1])
		return text != "" && !strings.ContainsAny(text[:1], "+-.0123456789")
	}
	return false
}

// columnNamed is the number of the column that a header calls so; 0 if none.
func columnNamed(header []string, name string) int {
	return 1 + slices.IndexFunc(header, func(field string) bool {
		field = strings.TrimPrefix(field, "\ufeff") // some spreadsheets begin a file so
		return strings.EqualFold(strings.TrimSpace(field), name)
	})
}

// add adds the request of a record.
func (p *csvParser) add(record []string) error {
	c := p.columns
	if len(record) < max(c.Key, c.Size) {
		return fmt.Errorf("it has %d columns, and column %d is needed", len(record), max(c.Key, c.Size))
	}
	key := maphash.String(p.seed, record[c.Key-1])
	if c.Size == 0 {
		return p.to.add(key)
	}
	text := strings.TrimSpace(record[c.Size-1])
	size, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return fmt.Errorf("the size is %s: it must be a number of bytes from 0 to %d", quoted(text), uint32(math.MaxUint32))
	}
	return p.to.addSized(key, uint32(size))
}

// readError is an error of the CSV itself, with its line.
func (p *csvParser) readError(err error) error {
	if parse := new(csv.ParseError); errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return fmt.Errorf("behind line %d: %w", p.line, err)
}

// recordLimit ends with an error what goes on for longer than a record may, so that
// a missing quote does not take in all that follows it.
type recordLimit struct {
	in   io.Reader
	left int // bytes that may be read until the next record
}

func (r *recordLimit) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRecordTooLong
	}
	n, err := r.in.Read(p)
	r.left -= n
	return n, err
}
