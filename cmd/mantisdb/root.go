package main

import (
	"github.com/spf13/cobra"
)

// newRootCommand is the program's command line. Without a subcommand it serves.
func newRootCommand() *cobra.Command {
	var serve serveFlags
	var benchmark *benchmarkFlags
	root := &cobra.Command{
		Use:   "mantisdb",
		Short: "An ordered key-value database: its server, and commands to use it",
		Long: "mantisdb serves a key-value database over HTTP and the Redis protocol. Its commands\n" +
			"work on such a server or on a data directory.\n\n" +
			"Every flag of the server may also be given as a variable (MANTISDB_DATA_DIR for\n" +
			"--data-dir) and in the file that --config names. A flag overrides a variable,\n" +
			"a variable the file.",
		Example:       "  mantisdb --port=8080 --engine=go --data-dir=/var/lib/mantisdb",
		Version:       versionText(),
		Args:          usageArgs(cobra.NoArgs),
		SilenceErrors: true,
		SilenceUsage:  true,
		PreRunE: func(cmd *cobra.Command, args []string) error {
			given := givenFlags(cmd.Flags())
			if err := applySettings(cmd, args); err != nil {
				return err
			}
			return benchmark.check(given)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if benchmark.only {
				return benchmark.run(cmd, serve.engine.value)
			}
			return serve.run(cmd)
		},
		DisableAutoGenTag: true,
	}
	root.SetFlagErrorFunc(seeHelp)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	serve.add(root.Flags())
	benchmark = addBenchmarkFlags(root.Flags())
	addCommands(root)
	addHelpCommand(root)
	addCompletionCommand(root)
	addCompletions(root)
	return root
}

// addCommands adds the commands in the groups in which the help lists them.
func addCommands(root *cobra.Command) {
	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"entries", "Entries, of a server or of a data directory:", []*cobra.Command{
			newGetCommand(), newPutCommand(), newDelCommand(), newScanCommand(), newKeyspacesCommand(),
			newImportCommand(), newExportCommand(),
		}},
		{"care", "Operation:", []*cobra.Command{
			newServeCommand(), newHealthCommand(), newStatsCommand(), newTopCommand(), newBackupCommand(), newRestoreCommand(),
			newCheckpointCommand(), newCheckCommand(), newRepairCommand(), newClusterCommand(),
		}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.id
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(newCacheSimCommand(), newManCommand())
}
