package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/mantisdb/mantisdb"
)

// Bounds are a range as a request tells it. All that are given hold at once.
type Bounds struct {
	Prefix, Start, End []byte // empty: none
	All                bool   // that there are no bounds is meant so

	given bool
}

// Range is what the bounds select.
func (b *Bounds) Range() mantisdb.Range {
	r := mantisdb.Prefix(b.Prefix)
	if bytes.Compare(b.Start, r.Start) > 0 {
		r.Start = b.Start
	}
	if len(b.End) > 0 && (r.End == nil || bytes.Compare(b.End, r.End) < 0) {
		r.End = b.End
	}
	return r
}

// CheckDeletion returns nil if it is clear what is to be deleted: there are bounds, or
// All.
func (b *Bounds) CheckDeletion() error {
	bounded := len(b.Prefix)+len(b.Start)+len(b.End) > 0
	switch {
	case bounded && b.All:
		return errors.New("all excludes prefix, start and end")
	case !bounded && !b.All:
		return errors.New("a deletion of all keys must be asked for by all, any other needs prefix, start or end")
	}
	return nil
}

// bound reads the value of the member with the quoted name, borrowed as a record is.
func (d *Decoder) bound(b *Bounds, name jsontext.Value) (err error) {
	b.given = true
	plain := strings.Trim(string(name), `"`)
	if plain == "all" {
		b.All, err = d.bool(plain)
		return err
	}
	plain = strings.TrimSuffix(plain, "_text")
	which, i := &b.Prefix, 0
	switch plain {
	case "start":
		which, i = &b.Start, 1
	case "end":
		which, i = &b.End, 2
	}
	if *which != nil {
		return fmt.Errorf("%q and %q exclude each other", plain, plain+"_text")
	}
	d.bounds[i], err = d.bytes(d.bounds[i][:0], name)
	if err == nil && len(d.bounds[i]) == 0 {
		err = fmt.Errorf("%q is empty: leave it out", plain)
	}
	*which = d.bounds[i]
	return err
}

// bool reads the value of the member name.
func (d *Decoder) bool(name string) (bool, error) {
	token, err := d.json.ReadToken()
	if err != nil {
		return false, syntaxError(err)
	}
	switch token.Kind() {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	}
	return false, fmt.Errorf("%q must be true or false", name)
}
