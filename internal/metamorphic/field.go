package metamorphic

import (
	"errors"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
)

// field is how a field of an operation is written down.
type field struct {
	name  string
	text  func(*Op) string // "" of a field that is zero
	parse func(*Op, string) error
}

// fields are the fields of operations, in the order in which they are written.
var fields = []field{
	stringField("mode", func(o *Op) *string { return &o.Mode }),
	blobField("keyspace", func(o *Op) *Blob { return &o.Keyspace }),
	numberField("slot", func(o *Op) *int { return &o.Slot }),
	numberField("batch", func(o *Op) *int { return &o.Batch }),
	blobField("key", func(o *Op) *Blob { return &o.Key }),
	newField("keys", func(o *Op) *blobs { return &o.Keys },
		func(list blobs) bool { return len(list) == 0 }, blobs.String, parseBlobs),
	blobField("value", func(o *Op) *Blob { return &o.Value }),
	blobField("expected", func(o *Op) *Blob { return &o.Expected }),
	stringField("version", func(o *Op) *string { return &o.Version }),
	numberField("by", func(o *Op) *int64 { return &o.By }),
	newField("ttl", func(o *Op) *time.Duration { return &o.TTL }, isZero, time.Duration.String, time.ParseDuration),
	numberField("at", func(o *Op) *int64 { return &o.At }),
	newField("durability", func(o *Op) *mantisdb.Durability { return &o.Durability }, isZero, durabilityText, parseDurability),
	numberField("limit", func(o *Op) *uint64 { return &o.Limit }),
	boundField("start", func(o *Op) **Blob { return &o.Start }),
	boundField("end", func(o *Op) **Blob { return &o.End }),
	boundField("prefix", func(o *Op) **Blob { return &o.Prefix }),
	flagField("reverse", func(o *Op) *bool { return &o.Reverse }),
	flagField("keysonly", func(o *Op) *bool { return &o.KeysOnly }),
	numberField("most", func(o *Op) *int { return &o.Most }),
	stringField("moves", func(o *Op) *string { return &o.Moves }),
}

func fieldOf(name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func newField[T any](name string, of func(*Op) *T, absent func(T) bool, text func(T) string, parse func(string) (T, error)) field {
	return field{
		name: name,
		text: func(o *Op) string {
			if absent(*of(o)) {
				return ""
			}
			return text(*of(o))
		},
		parse: func(o *Op, s string) (err error) {
			*of(o), err = parse(s)
			return err
		},
	}
}

func isZero[T comparable](v T) bool {
	var zero T
	return v == zero
}

func stringField(name string, of func(*Op) *string) field {
	same := func(s string) string { return s }
	return newField(name, of, isZero, same, func(s string) (string, error) { return s, nil })
}

func numberField[T int | int64 | uint64](name string, of func(*Op) *T) field {
	text := func(n T) string {
		if n < 0 {
			return strconv.FormatInt(int64(n), 10)
		}
		return strconv.FormatUint(uint64(n), 10)
	}
	return newField(name, of, isZero, text, func(s string) (T, error) {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return T(n), nil
		}
		n, err := strconv.ParseUint(s, 10, 64)
		return T(n), err
	})
}

func blobField(name string, of func(*Op) *Blob) field {
	return newField(name, of, isZero, Blob.String, parseBlob)
}

// boundField is a blob that may be left out, which is another thing than an empty one.
func boundField(name string, of func(*Op) **Blob) field {
	return newField(name, of, isZero, func(b *Blob) string { return b.String() }, func(s string) (*Blob, error) {
		b, err := parseBlob(s)
		return &b, err
	})
}

func flagField(name string, of func(*Op) *bool) field {
	return newField(name, of, isZero, strconv.FormatBool, strconv.ParseBool)
}

// durabilityText is a level's name, or the number of one that does not exist.
func durabilityText(d mantisdb.Durability) string {
	if _, err := mantisdb.ParseDurability(d.String()); err == nil {
		return d.String()
	}
	return strconv.Itoa(int(d))
}

func parseDurability(s string) (mantisdb.Durability, error) {
	d, named := mantisdb.ParseDurability(s)
	if named == nil {
		return d, nil
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return 0, errors.Join(named, err)
	}
	return mantisdb.Durability(n), nil
}
