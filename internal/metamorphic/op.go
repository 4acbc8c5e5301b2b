package metamorphic

import (
	"fmt"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb"
)

// Op is one operation of a script. Which fields it has depends on its kind; those
// that are zero are not written down. Its text form is a line: the kind's name, and
// `field=value` for each field, with a space in between.
type Op struct {
	Kind string // the name of an entry of kinds
	Mode string // which of a kind's ways

	Keyspace Blob // the name of that which is read and written, empty for the default one

	Slot  int // the number of the snapshot, batch, transaction or watch
	Batch int // the number of the batch, where slot is another thing's

	Key      Blob
	Keys     blobs
	Value    Blob
	Expected Blob   // of a comparison
	Version  string // that is compared with: current, none or other
	By       int64  // of an increment

	// A value's life: TTL, or until At in milliseconds since the script began, which
	// may be in the past; 0 is for ever.
	TTL time.Duration
	At  int64

	Durability mantisdb.Durability
	Limit      uint64 // of memory, in bytes

	// What a scan walks: from Start to End, or what begins with Prefix; at most Most
	// entries, 0 being all.
	Start, End, Prefix *Blob
	Reverse, KeysOnly  bool
	Most               int
	Moves              string // of an iterator over it
}

func (o Op) String() string {
	var line strings.Builder
	line.WriteString(o.Kind)
	for _, f := range fields {
		if text := f.text(&o); text != "" {
			fmt.Fprintf(&line, " %s=%s", f.name, text)
		}
	}
	return line.String()
}

// parseOp parses an operation's line.
func parseOp(line string) (o Op, err error) {
	tokens, err := split(line)
	if err != nil {
		return Op{}, err
	}
	o.Kind = tokens[0]
	if _, ok := kindOf(o.Kind); !ok {
		return Op{}, fmt.Errorf("no operation has the name %q", o.Kind)
	}
	for _, token := range tokens[1:] {
		name, text, _ := strings.Cut(token, "=")
		f, ok := fieldOf(name)
		if !ok {
			return Op{}, fmt.Errorf("%q is no field of an operation", name)
		}
		if err := f.parse(&o, text); err != nil {
			return Op{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return o, nil
}

// split cuts a line at the spaces that are outside of quotes.
func split(line string) (tokens []string, err error) {
	inQuotes, begin := false, 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && inQuotes:
			i++
		case c == '"':
			inQuotes = !inQuotes
		case c == ' ' && !inQuotes:
			tokens, begin = append(tokens, line[begin:i]), i+1
		}
	}
	if inQuotes {
		return nil, fmt.Errorf("a quote is not closed in %q", line)
	}
	return append(tokens, line[begin:]), nil
}

// scanRange is what a scan walks.
func (o *Op) scanRange() mantisdb.Range {
	var r mantisdb.Range
	if o.Prefix != nil {
		r = mantisdb.Prefix(o.Prefix.Bytes())
	}
	if o.Start != nil {
		r.Start = o.Start.Bytes()
	}
	if o.End != nil {
		r.End = o.End.Bytes()
	}
	r.Reverse, r.KeysOnly = o.Reverse, o.KeysOnly
	return r
}

func (o *Op) writeOptions() mantisdb.WriteOptions {
	return mantisdb.WriteOptions{TTL: o.TTL, Durability: o.Durability}
}
