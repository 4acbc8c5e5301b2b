package main

import (
	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb/storage"
)

func newCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR",
		Short: "Verify a data directory that no server has open",
		Long: "Reads all of a data directory, of either engine, and verifies every checksum, the\n" +
			"order of keys, and that every file that is spoken of is there. It changes\n" +
			"nothing. The exit code is 1 if something is wrong, and the error names it.",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return storage.Check(args[0], cmd.OutOrStdout())
		},
	}
}

func newRepairCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "repair DIR NEWDIR",
		Short: "Salvage a damaged data directory into a new one",
		Long: "Writes what is readable of a damaged data directory into a new one, and tells\n" +
			"what it kept and what is lost. The damaged directory is not changed. The exit\n" +
			"code is 0 if nothing is lost, 3 if the new directory is good but something is\n" +
			"lost, and 1 if it failed: then there is no new directory.",
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return storage.Repair(args[0], args[1], cmd.OutOrStdout())
		},
	}
}
