package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
)

const formRaw = "raw" // values as they are stored

// getFlags are those of get.
type getFlags struct {
	keyspaceFlags
	keys    keyFlags
	form    enum
	newline bool
}

func newGetCommand() *cobra.Command {
	var flags getFlags
	cmd := &cobra.Command{
		Use:   "get KEY...",
		Short: "Write the values of keys to standard output",
		Long: "Writes the value of a key as it is stored, to the last byte; of several keys, one value\n" +
			"after the other, each as of its own moment. On a terminal, and with --newline, a\n" +
			"line end follows each value.\n\n" +
			"A key that is absent, was deleted or has expired is told in one line on standard\n" +
			"error, and the exit code is 4; the values of the other keys are written.",
		Example: "  mantisdb get greeting\n" +
			"  mantisdb get photo/7 > photo.jpg\n" +
			"  mantisdb get user/1 user/2 --output=json --keyspace=users\n" +
			"  mantisdb get --key-form=hex 00ff --data-dir=/var/lib/mantisdb",
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: noCompletion,
		RunE:              func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	flags.add(cmd)
	flags.keys.add(cmd.Flags())
	flags.form = newEnum(formRaw, formRaw, formJSON, formHex, formBase64)
	cmd.Flags().VarP(&flags.form, "output", "o", "form of the values: as they are stored; the whole entry as a line of JSON; or in hex or base64, a line for each")
	cmd.Flags().BoolVar(&flags.newline, "newline", false, "end each value with a line end, even if no terminal shows it")
	return cmd
}

func (f *getFlags) run(cmd *cobra.Command, args []string) error {
	keys, err := f.parse(args)
	if err != nil {
		return err
	}
	out := dataOutput(cmd)
	f.newline = f.newline || out.isTerminal || f.form.value != formRaw
	return f.use(cmd, false, func(ks keyspace) error { return f.write(cmd.Context(), out, ks, keys) })
}

// parse is the keys that arguments give.
func (f *getFlags) parse(args []string) (keys [][]byte, err error) {
	for _, arg := range args {
		key, err := f.keys.key(arg)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// write writes the values of those keys that have one.
func (f *getFlags) write(ctx context.Context, out stdout, ks keyspace, keys [][]byte) error {
	var absent [][]byte
	var value, shaped []byte
	for _, key := range keys {
		var meta mantisdb.Meta
		var err error
		value, meta, err = ks.Get(ctx, value[:0], key)
		if errors.Is(err, mantisdb.ErrNotFound) {
			absent = append(absent, key)
			continue
		}
		if err != nil {
			return err
		}
		shaped = f.shape(shaped[:0], mantisdb.Entry{Key: key, Value: value, Meta: meta})
		if _, err := out.Write(shaped); err != nil {
			return err
		}
	}
	return absentError(absent, len(keys))
}

// shape appends what is written of an entry.
func (f *getFlags) shape(dst []byte, e mantisdb.Entry) []byte {
	if f.form.value == formJSON {
		lines := entryFlags{f.form}
		return lines.append(dst, e, false)
	}
	dst = appendBytes(dst, f.form.value, e.Value)
	if f.newline {
		dst = append(dst, '\n')
	}
	return dst
}

// absentError tells of keys that are absent, of all that were asked for; nil if none is.
func absentError(absent [][]byte, all int) error {
	switch {
	case len(absent) == 0:
		return nil
	case all == 1:
		return fmt.Errorf("%w: %s", errAbsent, shown(string(absent[0])))
	}
	return fmt.Errorf("%w: %s, %d of %d", errAbsent, shown(string(absent[0])), len(absent), all)
}
