package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
)

// delFlags are those of del.
type delFlags struct {
	keyspaceFlags
	keys       keyFlags
	selected   rangeFlags
	all, yes   bool
	durability durabilityFlag
}

func newDelCommand() *cobra.Command {
	var flags delFlags
	cmd := &cobra.Command{
		Use:   "del KEY... | del --prefix=PREFIX | del --from=KEY --to=KEY | del --all",
		Short: "Delete keys, or all keys of a range",
		Long: "Deletes keys, one after the other; one that is absent is no error. With --prefix,\n" +
			"--from, --to or --all, it deletes every key of a range at once, in the time of one\n" +
			"write, and asks before it does, unless there is --yes.",
		Example: "  mantisdb del greeting user/1\n" +
			"  mantisdb del --prefix=session/\n" +
			"  mantisdb del --from=log/2026-01 --to=log/2026-02 --yes\n" +
			"  mantisdb del --all --yes --keyspace=cache",
		Args:              usageArgs(cobra.ArbitraryArgs),
		ValidArgsFunction: noCompletion,
		RunE:              func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	flags.add(cmd)
	flags.keys.add(cmd.Flags())
	flags.selected.add(cmd)
	cmd.Flags().BoolVar(&flags.all, "all", false, "every key of the keyspace")
	cmd.Flags().BoolVarP(&flags.yes, "yes", "y", false, "do not ask before a range is deleted")
	flags.durability.add(cmd.Flags())
	return cmd
}

func (f *delFlags) run(cmd *cobra.Command, args []string) error {
	isRange := f.selected.isGiven()
	empty := f.selected.emptyFlag(cmd.Flags())
	switch {
	case empty != "":
		return usageError{fmt.Errorf("--%s is empty, and would have keys deleted that were not meant: leave it out, or give --all", empty)}
	case len(args) == 0 && !isRange && !f.all:
		return seeHelp(cmd, errors.New("nothing is named: give keys, --prefix, --from, --to or --all"))
	case len(args) > 0 && (isRange || f.all):
		return usageError{errors.New("keys and --prefix, --from, --to or --all exclude each other")}
	case isRange && f.all:
		return usageError{errors.New("--all excludes --prefix, --from and --to")}
	case len(args) == 0:
		return f.deleteRange(cmd)
	}
	var keys [][]byte
	for _, arg := range args {
		key, err := f.keys.key(arg)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	return f.use(cmd, false, func(ks keyspace) error { return f.deleteKeys(cmd.Context(), ks, keys) })
}

func (f *delFlags) deleteKeys(ctx context.Context, ks keyspace, keys [][]byte) error {
	for _, key := range keys {
		if err := ks.Delete(ctx, key, mantisdb.WriteOptions{Durability: f.durability.level()}); err != nil {
			return err
		}
	}
	return nil
}

func (f *delFlags) deleteRange(cmd *cobra.Command) error {
	r, err := f.selected.bounds(&f.keys)
	if err != nil {
		return err
	}
	return f.use(cmd, false, func(ks keyspace) error {
		if !f.yes {
			if err := confirm(cmd, "delete "+f.what()+"?"); err != nil {
				return err
			}
		}
		return ks.DeleteRange(cmd.Context(), r, mantisdb.WriteOptions{Durability: f.durability.level()})
	})
}

// what is what is to be deleted, in words.
func (f *delFlags) what() string {
	what := "every key"
	if f.selected.prefix != "" {
		what += " that begins with " + shown(f.selected.prefix)
	}
	if f.selected.from != "" {
		what += " from " + shown(f.selected.from)
	}
	if f.selected.to != "" {
		what += " before " + shown(f.selected.to)
	}
	if f.keyspace != "" {
		what += " of the keyspace " + shown(f.keyspace)
	}
	return what + " at " + f.name()
}

// confirm asks the person at the terminal. Where nobody can be asked, that is an error.
func confirm(cmd *cobra.Command, question string) error {
	in, isFile := cmd.InOrStdin().(*os.File)
	if !isFile || !isTerminal(in) {
		return usageError{errors.New("give --yes to delete a range without being asked, since there is no terminal to ask at")}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(in).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case <-cmd.Context().Done():
		return cmd.Context().Err()
	case answer := <-answers:
		if answer != "y" && answer != "yes" {
			return errors.New("nothing was deleted")
		}
		return nil
	}
}
