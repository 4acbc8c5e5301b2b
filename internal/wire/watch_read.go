package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mantisdb/mantisdb"
)

// BrokenWatch is the error of a watch's stream that has ended without saying why: its server, or
// what is between, broke it off.
type BrokenWatch struct{ Cause error }

// Error implements error.
func (b *BrokenWatch) Error() string { return "the watch broke off: " + b.Cause.Error() }

// Unwrap is the cause.
func (b *BrokenWatch) Unwrap() error { return b.Cause }

// keptRoom is how much room of each kind is kept from one event to the next: what is rare and large is
// not to be kept by all who wait.
const keptRoom = 1 << 20

// WatchReader reads the stream of a watch: server-sent events.
type WatchReader struct {
	stream   *bufio.Reader
	keysOnly bool
	longest  int // event
	alive    func()
	decoder  Decoder
	long     []byte // a line that the stream's buffer has no room for
	name     []byte // of the event at hand
	data     []byte
	id       []byte
}

// NewWatchReader reads a stream of changes, which have no values if keysOnly is set. Alive is called
// whenever something has come, which may be only a sign of life.
func NewWatchReader(r io.Reader, keysOnly bool, alive func()) *WatchReader {
	return &WatchReader{stream: bufio.NewReaderSize(r, 64<<10), keysOnly: keysOnly, longest: MaxLine, alive: alive}
}

// Begin reads the first event, and returns where the watch begins.
func (w *WatchReader) Begin() (position string, err error) {
	if err := w.event(); err != nil {
		return "", err
	}
	if len(w.id) == 0 || len(w.name) > 0 {
		return "", errors.New("the server began a watch without telling where")
	}
	return string(w.id), nil
}

// Position is where to go on behind the event that Begin or Next returned last.
func (w *WatchReader) Position() string { return string(w.id) }

// ErrPassed is no end of a watch: nothing is told but where it has come to, over what is not of its
// range.
var ErrPassed = errors.New("the watch has come to another position, and tells no change")

// Next is the next change, borrowed until the next call, or ErrPassed. A stream that ends is a
// *BrokenWatch; what its server tells as the reason is a *Problem.
func (w *WatchReader) Next() (mantisdb.Change, error) {
	if err := w.event(); err != nil {
		return mantisdb.Change{}, err
	}
	if len(w.name) == 0 && len(w.data) == 0 && len(w.id) > 0 {
		return mantisdb.Change{}, ErrPassed
	}
	for kind, name := range ChangeNames {
		if name == string(w.name) {
			return w.change(kind)
		}
	}
	if string(w.name) != "error" {
		return mantisdb.Change{}, fmt.Errorf("the server sent an event of the unknown type %s", shorten(string(w.name)))
	}
	problem := new(Problem)
	if err := json.Unmarshal(w.data, problem); err != nil {
		return mantisdb.Change{}, fmt.Errorf("the server ended the watch by an error that cannot be read: %w", err)
	}
	return mantisdb.Change{}, problem
}

// event reads up to the end of an event, which is not a comment, and not too long.
func (w *WatchReader) event() error {
	w.release()
	w.name, w.data, w.id = w.name[:0], w.data[:0], w.id[:0]
	for size := 0; ; {
		line, err := w.line()
		switch {
		case err != nil:
			return err
		case len(line) == 0 && size > 0:
			return nil
		case len(line) == 0:
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(": "))
		switch string(field) {
		case "":
			continue // a comment
		case "id":
			w.id = append(w.id, value...)
		case "event":
			w.name = append(w.name, value...)
		case "data":
			w.data = append(w.data, value...)
		default:
			return fmt.Errorf("the server sent the line %s in a watch", shorten(string(line)))
		}
		if size += len(line); size > w.longest {
			return errLongEvent
		}
	}
}

var errLongEvent = errors.New("the server sent an event in a watch that is longer than any change")

// line is the next line without its end, borrowed until the next call.
func (w *WatchReader) line() ([]byte, error) {
	w.long = w.long[:0]
	for {
		part, err := w.stream.ReadSlice('\n')
		if len(part) > 0 {
			w.alive()
		}
		switch {
		case err == nil && len(w.long) == 0:
			return bytes.TrimSuffix(part, []byte("\n")), nil
		case err == io.EOF:
			return nil, &BrokenWatch{io.ErrUnexpectedEOF}
		case err != nil && err != bufio.ErrBufferFull:
			return nil, &BrokenWatch{err}
		}
		w.long = append(w.long, part...)
		switch {
		case len(w.long) > w.longest:
			return nil, errLongEvent
		case err == nil:
			return bytes.TrimSuffix(w.long, []byte("\n")), nil
		}
	}
}

// release gives up the room that a large event took.
func (w *WatchReader) release() {
	if cap(w.long) > keptRoom || cap(w.data) > keptRoom {
		w.long, w.data, w.decoder = nil, nil, Decoder{}
	}
}

// change reads the data of the event at hand.
func (w *WatchReader) change(kind mantisdb.ChangeKind) (mantisdb.Change, error) {
	rec, err := w.decoder.object(w.data)
	isRange := kind == mantisdb.ChangeDeleteRange
	switch {
	case err != nil:
	case rec.Op != "" || rec.Version == 0:
		err = errors.New("it is no change with a version")
	case isRange != rec.Range.given || isRange == rec.HasKey:
		err = errors.New("its type and what it has do not agree")
	case rec.HasValue != (kind == mantisdb.ChangePut && !w.keysOnly):
		err = errors.New("it has a value and should not, or has none")
	}
	if err != nil {
		return mantisdb.Change{}, fmt.Errorf("the server sent a change that cannot be read: %w", err)
	}
	c := mantisdb.Change{Kind: kind, Key: rec.Key, Value: rec.Value, ExpiresAt: rec.ExpiresAt, Version: rec.Version}
	if isRange {
		r := rec.Range.Range()
		c.Key, c.End = r.Start, r.End
	}
	return c, nil
}
