package wire

import (
	"errors"
	"fmt"
	"io"
)

// Swap is what a compare-and-swap of a key's value takes.
type Swap struct {
	Expected []byte
	Value    []byte
}

// ReadSwap reads one swap and nothing else from r:
//
//	{"expected":"...","value":"..."}
//
// Either may be base64 or, as expected_text and value_text, UTF-8 text. An error of
// r is found with errors.As.
func ReadSwap(r io.Reader) (Swap, error) {
	var d Decoder
	d.json.Reset(r)
	if err := d.expect('{', "an object"); err != nil {
		return Swap{}, err
	}
	var s Swap
	var hasExpected, hasValue bool
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return Swap{}, syntaxError(err)
		}
		switch string(name) {
		case `"expected"`, `"expected_text"`:
			err = d.once(&hasExpected, &s.Expected, name, `"expected" and "expected_text" exclude each other`)
		case `"value"`, `"value_text"`:
			err = d.once(&hasValue, &s.Value, name, `"value" and "value_text" exclude each other`)
		default:
			err = fmt.Errorf("unknown member %s", shorten(string(name)))
		}
		if err != nil {
			return Swap{}, err
		}
	}
	if err := d.end("the object"); err != nil {
		return Swap{}, err
	}
	switch {
	case !hasExpected:
		return Swap{}, errors.New(`give the value that is expected as "expected" (base64) or "expected_text"`)
	case !hasValue:
		return Swap{}, errors.New(`give the value to be stored as "value" (base64) or "value_text"`)
	}
	return s, nil
}

// once reads the bytes at hand into dst, unless there are some already.
func (d *Decoder) once(has *bool, dst *[]byte, name []byte, twice string) (err error) {
	if *has {
		return errors.New(twice)
	}
	*has = true
	*dst, err = d.bytes(nil, name)
	return err
}
