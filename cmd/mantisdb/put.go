package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/storage"
)

// putFlags are those of put.
type putFlags struct {
	keyspaceFlags
	keys       keyFlags
	file       string
	ttl        ttl
	ifAbsent   bool
	durability durabilityFlag
}

func newPutCommand() *cobra.Command {
	var flags putFlags
	cmd := &cobra.Command{
		Use:   "put KEY [VALUE]",
		Short: "Store a value: the argument, standard input or a file",
		Long: "Stores a value under a key, in place of the one that there was. The value is VALUE, or\n" +
			"the content of --file, or else standard input to its end, as also if VALUE is -;\n" +
			"it is stored as it is, to the last byte. A data directory that does not exist is\n" +
			"made.\n\n" +
			"With --if-absent the value is stored only if the key has none; if it has, the exit\n" +
			"code is 5 and nothing was changed.",
		Example: "  mantisdb put greeting hello\n" +
			"  mantisdb put photo/7 --file=photo.jpg\n" +
			"  date | mantisdb put now --ttl=1h\n" +
			"  mantisdb put lock mine --if-absent --ttl=10s\n" +
			"  mantisdb put number -- -7",
		Args:              usageArgs(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: noCompletion,
		RunE:              func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	flags.add(cmd)
	flags.keys.add(cmd.Flags())
	cmd.Flags().StringVar(&flags.file, "file", "", "file whose content is the value; - is standard input")
	cmd.Flags().Var(&flags.ttl, "ttl", "how long the value lives, as 30s or 1h15m; by itself, as the keyspace has it, or for ever")
	cmd.Flags().BoolVar(&flags.ifAbsent, "if-absent", false, "store the value only if the key has none")
	flags.durability.add(cmd.Flags())
	return cmd
}

func (f *putFlags) run(cmd *cobra.Command, args []string) error {
	key, err := f.keys.key(args[0])
	if err != nil {
		return err
	}
	// First the value, which may come from a command that has the directory open.
	value, err := f.value(cmd, args[1:])
	if err != nil {
		return told(err)
	}
	return f.use(cmd, true, func(ks keyspace) error { return f.store(cmd.Context(), ks, key, value) })
}

func (f *putFlags) store(ctx context.Context, ks keyspace, key, value []byte) error {
	o := mantisdb.WriteOptions{TTL: f.ttl.d, Durability: f.durability.level()}
	if !f.ifAbsent {
		return ks.Put(ctx, key, value, o)
	}
	stored, err := ks.PutIfAbsent(ctx, key, value, o)
	if err == nil && !stored {
		err = fmt.Errorf("%w: %s", errPresent, shown(string(key)))
	}
	return err
}

// value is the value to store.
func (f *putFlags) value(cmd *cobra.Command, args []string) ([]byte, error) {
	from := stdio
	switch {
	case len(args) > 0 && f.file != "":
		return nil, usageError{errors.New("VALUE and --file exclude each other: give one")}
	case len(args) > 0 && args[0] != stdio:
		return []byte(args[0]), storage.CheckValue([]byte(args[0]))
	case f.file != "":
		from = f.file
	}
	in, _, err := openInput(cmd.InOrStdin(), from)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return readValue(cmd.Context(), in)
}

// readValue reads a value to its end. What waits for input can be interrupted.
func readValue(ctx context.Context, in io.Reader) ([]byte, error) {
	type result struct {
		value []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := io.ReadAll(io.LimitReader(in, mantisdb.MaxValueLen+1))
		if err == nil {
			err = storage.CheckValue(value)
		} else {
			err = fmt.Errorf("cannot read the value: %w", err)
		}
		done <- result{value, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.value, r.err
	}
}

// ttl is a flag that takes a time to live.
type ttl struct{ d time.Duration }

// String implements pflag.Value.
func (t *ttl) String() string {
	if t.d == 0 {
		return ""
	}
	return t.d.String()
}

// Set implements pflag.Value.
func (t *ttl) Set(s string) (err error) {
	t.d, err = wire.ParseTTL(s)
	return err
}

// Type implements pflag.Value: it is what --help shows.
func (t *ttl) Type() string { return "duration" }

// durabilityFlag says when a write is acknowledged.
type durabilityFlag struct{ enum }

func (f *durabilityFlag) add(flags *pflag.FlagSet) {
	f.enum = newEnum("", "sync", "buffered", "memory")
	flags.Var(&f.enum, "durability", "when the write is acknowledged: on disk, with the operating system, or visible; by itself, as the server has it, and on disk in a data directory")
}

// level is the level that was asked for.
func (f *durabilityFlag) level() mantisdb.Durability {
	if f.value == "" {
		return mantisdb.DurabilityDefault
	}
	level, _ := mantisdb.ParseDurability(f.value) // the flag takes levels alone
	return level
}
