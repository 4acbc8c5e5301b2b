package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb/storage"
)

func newCheckCommand() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check DIR | check --server=URL",
		Short: "Verify a data directory that no server has open, or all entries of a server",
		Long: "Reads all of a data directory, of either engine, and verifies every checksum, the\n" +
			"order of keys, and that every file that is spoken of is there. It changes\n" +
			"nothing. Of a running server, which has its directory for itself, it has every\n" +
			"entry sent as of one moment, by which the server verifies the checksums of what\n" +
			"it reads; files that no entry lies in are not looked at. The exit code is 1 if\n" +
			"something is wrong, and the error names it.",
		Example: "  mantisdb check /var/lib/mantisdb\n" +
			"  mantisdb check --server=http://127.0.0.1:8080",
		Args: usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	cmd.Flags().StringVar(&flags.server, "server", "", serverUsage)
	cmd.Flags().StringVar(&flags.dataDir, "data-dir", "", "the same as DIR")
	flags.trust.add(cmd.Flags())
	return cmd
}

// checkFlags say what is to be verified. Unlike other commands, check takes no server
// unless it is named: a check of a directory was meant.
type checkFlags struct {
	server, dataDir string
	trust           trustFlags
}

func (f *checkFlags) run(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && f.dataDir != "" {
		return usageError{errors.New("DIR and --data-dir exclude each other: give one")}
	}
	dir := f.dataDir
	if len(args) == 1 {
		dir = args[0]
	}
	switch {
	case dir == "" && f.server == "":
		return seeHelp(cmd, errors.New("nothing is named: give a data directory, or a server with --server"))
	case dir != "" && (f.server != "" || f.trust.isGiven()):
		return usageError{errors.New("a data directory excludes --server, --tls-ca and --tls-skip-verify")}
	case dir != "":
		return storage.Check(dir, cmd.OutOrStdout())
	}
	return f.checkServer(cmd)
}

// checkServer has every entry of a server read.
func (f *checkFlags) checkServer(cmd *cobra.Command) error {
	from, err := openRemote(cmd.Context(), f.server, f.trust)
	if err != nil {
		return told(err)
	}
	defer from.Close()
	began := time.Now()
	bar := newProgress(cmd.ErrOrStderr(), "checking", -1)
	read, err := from.backup(cmd.Context(), meter{io.Discard, bar})
	bar.done()
	if err != nil {
		return told(err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "read %s in %v\nno problems found\n", entries(read), time.Since(began).Round(time.Millisecond))
	return err
}

func newRepairCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "repair DIR NEWDIR",
		Short: "Salvage a damaged data directory into a new one",
		Long: "Writes what is readable of a damaged data directory into a new one, and tells\n" +
			"what it kept and what is lost. The damaged directory is not changed. The exit\n" +
			"code is 0 if nothing is lost, 3 if the new directory is good but something is\n" +
			"lost, and 1 if it failed: then there is no new directory.",
		Example: "  mantisdb repair /var/lib/mantisdb /var/lib/mantisdb-repaired",
		Args:    usageArgs(cobra.ExactArgs(2)),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return storage.Repair(args[0], args[1], cmd.OutOrStdout())
		},
	}
}
