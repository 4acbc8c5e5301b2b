package main

import (
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// formPlain is a line for each entry, and formJSON one that import reads.
const (
	formPlain = "plain"
	formJSON  = "json"
)

// entryFlags say in which form entries are written.
type entryFlags struct{ form enum }

func (f *entryFlags) add(flags *pflag.FlagSet) {
	f.form = newEnum(formPlain, formPlain, formJSON, formHex, formBase64)
	flags.VarP(&f.form, "output", "o", "form of the lines: key, tab and value, with \\n, \\t, \\\\ and \\xff for what would not show; JSON, as import reads it; or key, tab and value in hex or base64")
}

// append appends the line of an entry, without a value if it is one of a scan of keys.
func (f *entryFlags) append(line []byte, e mantisdb.Entry, keysOnly bool) []byte {
	switch {
	case f.form.value == formJSON && keysOnly:
		line = wire.AppendKey(line, wire.Text, e)
	case f.form.value == formJSON:
		line = wire.AppendEntry(line, wire.Text, e)
	default:
		form := f.form.value
		if form == formPlain {
			form = formEscaped
		}
		line = appendBytes(line, form, e.Key)
		if !keysOnly {
			line = appendBytes(append(line, '\t'), form, e.Value)
		}
	}
	return append(line, '\n')
}
