package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// rangeFlags select keys. All that are given hold at once.
type rangeFlags struct{ prefix, from, to string }

// names of the flags.
const (
	prefixFlag = "prefix"
	fromFlag   = "from"
	toFlag     = "to"
)

func (f *rangeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.prefix, prefixFlag, "", "keys that begin with this")
	flags.StringVar(&f.from, fromFlag, "", "keys at or behind this one")
	flags.StringVar(&f.to, toFlag, "", "keys before this one")
}

// isGiven tells whether there is a bound.
func (f *rangeFlags) isGiven() bool { return f.prefix != "" || f.from != "" || f.to != "" }

// emptyFlag is the first flag that was given an empty bound, as by a variable of a script
// that is not set; empty if there is none.
func (*rangeFlags) emptyFlag(flags *pflag.FlagSet) string {
	for _, name := range []string{prefixFlag, fromFlag, toFlag} {
		if flag := flags.Lookup(name); flag.Changed && flag.Value.String() == "" {
			return name
		}
	}
	return ""
}

// bounds are the bounds that the flags give.
func (f *rangeFlags) bounds(keys *keyFlags) (mantisdb.Range, error) {
	var b wire.Bounds
	for _, bound := range []struct {
		name, text string
		to         *[]byte
	}{{prefixFlag, f.prefix, &b.Prefix}, {fromFlag, f.from, &b.Start}, {toFlag, f.to, &b.End}} {
		var err error
		if *bound.to, err = keys.bound(bound.name, bound.text); err != nil {
			return mantisdb.Range{}, err
		}
	}
	return b.Range(), nil
}
