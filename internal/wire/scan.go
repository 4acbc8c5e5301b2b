package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Problem is an error as HTTP tells it (RFC 9457, application/problem+json).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`

	// Condition is the index of the first condition of a transaction that does not
	// hold; nil with every other problem.
	Condition *int `json:"condition,omitempty"`
}

// Error is what a person reads of it.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// ScanEnd is the last line of a scan's stream that came to its end. A stream
// without one was cut short.
type ScanEnd struct {
	End        bool    `json:"end"` // always true, and always the first member
	Count      uint64  `json:"count"`
	NextCursor *string `json:"next_cursor"` // null: the range has no more entries
}

// ScanFailure is the last line of a scan's stream that an error ended.
type ScanFailure struct {
	Error *Problem `json:"error"`
}

// ParseScanEnd reads line if it is the last of a scan's stream, and tells
// whether it is. The failure of the scan is an error, a *Problem.
func ParseScanEnd(line []byte) (end ScanEnd, last bool, err error) {
	switch {
	case bytes.HasPrefix(line, []byte(`{"end":`)):
		if err := json.Unmarshal(line, &end); err != nil {
			return ScanEnd{}, false, fmt.Errorf("malformed last line of a scan: %w", err)
		}
		return end, true, nil
	case bytes.HasPrefix(line, []byte(`{"error":`)):
		var failure ScanFailure
		if err := json.Unmarshal(line, &failure); err != nil {
			return ScanEnd{}, false, fmt.Errorf("malformed error line of a scan: %w", err)
		}
		if failure.Error == nil {
			return ScanEnd{}, false, errors.New("malformed error line of a scan: it tells no error")
		}
		return ScanEnd{}, true, failure.Error
	}
	return ScanEnd{}, false, nil
}
