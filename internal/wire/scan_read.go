package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/mantisdb/mantisdb"
)

// MaxLine is the longest line that an entry can take, in bytes: each byte as a text of six, as
// \u0000, and the members' names.
const MaxLine = 6*(mantisdb.MaxKeyspaceNameLen+mantisdb.MaxKeyLen+mantisdb.MaxValueLen) + 1024

// BrokenScan is the error of a scan's stream that has no end: its server, or what is between,
// broke it off.
type BrokenScan struct{ Cause error }

// Error implements error.
func (b *BrokenScan) Error() string { return "the scan broke off: " + b.Cause.Error() }

// Unwrap is the cause.
func (b *BrokenScan) Unwrap() error { return b.Cause }

// ReadScan calls tell with the entries of a scan's stream, borrowed until it returns. An error
// of tell ends the reading, and is returned. The stream must have its end, else it is a
// *BrokenScan; what its server tells as its failure is a *Problem.
func ReadScan(r io.Reader, of mantisdb.Range, tell func(mantisdb.Entry) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	var d Decoder
	parse := (*Decoder).Line
	if of.KeysOnly {
		parse = (*Decoder).KeyLine
	}
	for count := uint64(0); lines.Scan(); count++ {
		end, last, err := ParseScanEnd(lines.Bytes())
		if err != nil {
			return fmt.Errorf("the server ended the scan: %w", err)
		}
		if last {
			if end.Count != count || end.NextCursor != nil && count != uint64(of.Limit) {
				return fmt.Errorf("the server sent %d entries and speaks of %d", count, end.Count)
			}
			return nil
		}
		rec, err := parse(&d, lines.Bytes())
		if err != nil {
			return fmt.Errorf("the server sent a line that is no entry: %w", err)
		}
		if err := tell(mantisdb.Entry{Key: rec.Key, Value: rec.Value, Meta: mantisdb.Meta{Version: rec.Version, ExpiresAt: rec.ExpiresAt}}); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return &BrokenScan{err}
	}
	return &BrokenScan{errors.New("the server sent no last line")}
}
