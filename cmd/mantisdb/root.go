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
		Short: "An ordered key-value database server",
		Long: "mantisdb serves a key-value database over HTTP.\n\n" +
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
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(seeHelp)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	serve.add(root.Flags())
	benchmark = addBenchmarkFlags(root.Flags())
	root.AddCommand(newServeCommand(), newImportCommand(), newExportCommand(),
		newBackupCommand(), newRestoreCommand(), newCheckpointCommand(), newCheckCommand(), newRepairCommand(),
		newCacheSimCommand())
	root.AddCommand(newHealthCommand())
	return root
}
