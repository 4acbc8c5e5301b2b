package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Record is an entry, or an operation of a batch, as it was read. Key and Value
// are borrowed from the Decoder: valid until its next call.
type Record struct {
	Op        string // of an operation; empty if absent
	Keyspace  string // empty: none is named
	Key       []byte
	HasKey    bool
	Value     []byte
	HasValue  bool          // tells an empty value from an absent one
	Version   uint64        // of an entry that a server has told; 0 if absent
	ExpiresAt int64         // Unix milliseconds; 0 is never
	TTL       time.Duration // 0 is none; never together with ExpiresAt
	Range     Bounds        // of an operation on a range
}

// Decoder reads records and reuses its memory from one to the next. The zero
// value is ready for Line.
type Decoder struct {
	json       jsontext.Decoder
	line       bytes.Buffer
	key, value []byte
	bounds     [3][]byte
	scratch    []byte // of an unquoted string
}

// Line reads line, which must be one entry with a value and nothing else. The
// line may be with or without its end.
func (d *Decoder) Line(line []byte) (Record, error) {
	rec, err := d.KeyLine(line)
	if err == nil && !rec.HasValue {
		err = errNoValue
	}
	if err != nil {
		return Record{}, err
	}
	return rec, nil
}

// KeyLine is Line of an entry that may have no value, as a scan of keys has them.
func (d *Decoder) KeyLine(line []byte) (Record, error) {
	rec, err := d.object(line)
	switch {
	case err != nil:
		return Record{}, err
	case rec.Op != "":
		return Record{}, errors.New(`unknown member "op"`)
	case rec.Range.given:
		return Record{}, errors.New("an entry has no range")
	case !rec.HasKey:
		return Record{}, errNoKey
	}
	return rec, nil
}

// object reads line, which must be one object and nothing else.
func (d *Decoder) object(line []byte) (Record, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return Record{}, errors.New("empty line: an entry is expected")
	}
	d.line = *bytes.NewBuffer(line) // read in place
	d.json.Reset(&d.line)
	rec, err := d.record()
	if err != nil {
		return Record{}, err
	}
	if _, err := d.json.ReadToken(); err != io.EOF {
		return Record{}, errors.New("more than one JSON value on the line")
	}
	return rec, nil
}

var (
	errNoKey   = errors.New(`the key is missing: give "key" (base64) or "key_text"`)
	errNoValue = errors.New(`the value is missing: give "value" (base64) or "value_text"`)
)

// record reads the object at hand.
func (d *Decoder) record() (Record, error) {
	if err := d.expect('{', "an object"); err != nil {
		return Record{}, err
	}
	var rec Record
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return Record{}, syntaxError(err)
		}
		if err := d.member(&rec, name); err != nil {
			return Record{}, err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return Record{}, syntaxError(err)
	}
	if rec.TTL != 0 && rec.ExpiresAt != 0 {
		return Record{}, errors.New(`"ttl" and "expires_at" exclude each other`)
	}
	return rec, nil
}

// member reads the value of the member with the quoted name into rec.
func (d *Decoder) member(rec *Record, name jsontext.Value) (err error) {
	switch string(name) {
	case `"key"`, `"key_text"`:
		if rec.HasKey {
			return errors.New(`"key" and "key_text" exclude each other`)
		}
		rec.HasKey = true
		d.key, err = d.bytes(d.key[:0], name)
		rec.Key = d.key
	case `"value"`, `"value_text"`:
		if rec.HasValue {
			return errors.New(`"value" and "value_text" exclude each other`)
		}
		rec.HasValue = true
		d.value, err = d.bytes(d.value[:0], name)
		rec.Value = d.value
	case `"op"`:
		var op []byte
		op, err = d.string("op")
		rec.Op = string(op)
		if err == nil && rec.Op == "" {
			err = errors.New(`"op" is empty`)
		}
	case `"keyspace"`:
		rec.Keyspace, err = d.keyspaceName()
	case `"prefix"`, `"prefix_text"`, `"start"`, `"start_text"`, `"end"`, `"end_text"`, `"all"`:
		err = d.bound(&rec.Range, name)
	case `"ttl"`:
		rec.TTL, err = d.ttl()
	case `"expires_at"`:
		rec.ExpiresAt, err = d.positive("expires_at")
	case `"version"`: // told, not written: the database gives versions
		var version int64
		version, err = d.positive("version")
		rec.Version = uint64(version)
	default:
		return fmt.Errorf("unknown member %s", shorten(string(name)))
	}
	return err
}

// keyspaceName reads the string at hand, which names a keyspace.
func (d *Decoder) keyspaceName() (string, error) {
	name, err := d.string("keyspace")
	if err == nil && len(name) == 0 {
		err = errors.New(`"keyspace" is empty: name one, or leave it out`)
	}
	return string(name), err
}

// bytes appends to dst what the string at hand holds: base64, or text if the
// quoted name ends in _text.
func (d *Decoder) bytes(dst []byte, name jsontext.Value) ([]byte, error) {
	plain := strings.Trim(string(name), `"`)
	s, err := d.string(plain)
	if err != nil {
		return dst, err
	}
	if strings.HasSuffix(plain, "_text") {
		return append(dst, s...), nil
	}
	// The decoder of base64 would skip line ends.
	if bytes.ContainsAny(s, "\r\n") {
		return dst, fmt.Errorf("%q is not base64: it has a line end", plain)
	}
	dst, err = base64.StdEncoding.Strict().AppendDecode(dst, s)
	if err != nil {
		return dst, fmt.Errorf("%q is not base64 (standard alphabet, with padding): %w", plain, err)
	}
	return dst, nil
}

// string reads the string at hand, the value of the member name. It is borrowed
// until the decoder's next call.
func (d *Decoder) string(name string) ([]byte, error) {
	if kind := d.json.PeekKind(); kind != '"' && kind != 0 {
		return nil, fmt.Errorf("%q must be a string", name)
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return nil, syntaxError(err)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	d.scratch, err = jsontext.AppendUnquote(d.scratch[:0], raw)
	return d.scratch, syntaxError(err)
}

// positive reads the integer at hand, the value of the member name.
func (d *Decoder) positive(name string) (int64, error) {
	if kind := d.json.PeekKind(); kind != '0' && kind != 0 {
		return 0, fmt.Errorf("%q must be a number", name)
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return 0, syntaxError(err)
	}
	n, ok := integer(raw)
	if !ok || n == 0 || n > math.MaxInt64 {
		return 0, fmt.Errorf("%q must be a positive integer, not %s", name, shorten(string(raw)))
	}
	return int64(n), nil
}

// expect reads the delimiter or fails with what was expected in its place.
func (d *Decoder) expect(delimiter jsontext.Kind, what string) error {
	token, err := d.json.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	if token.Kind() != delimiter {
		return fmt.Errorf("%s is expected, not a %s", what, token.Kind())
	}
	return nil
}

// end reads the end of an object, the whole of the input, which is called what.
func (d *Decoder) end(what string) error {
	if err := d.expect('}', "the end of the object"); err != nil {
		return err
	}
	switch _, err := d.json.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("something follows %s", what)
	default:
		return syntaxError(err)
	}
}

// syntaxError strips the library's name from its errors and keeps the chain.
func syntaxError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the JSON ends too early: %w", io.ErrUnexpectedEOF)
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fmt.Errorf("malformed JSON: %s", shorten(strings.TrimPrefix(err.Error(), "jsontext: ")))
	}
	return err
}

// shorten keeps messages to one readable line.
func shorten(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
