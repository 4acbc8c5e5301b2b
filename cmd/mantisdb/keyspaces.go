package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func newKeyspacesCommand() *cobra.Command {
	var flags targetFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "keyspaces",
		Short: "List the keyspaces",
		Long: "Writes the names of all keyspaces but the default one, which has none, in order and a\n" +
			"line each; with --json, a line of JSON with their options.",
		Example: "  mantisdb keyspaces\n" +
			"  mantisdb keyspaces --json --data-dir=/var/lib/mantisdb",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.use(cmd, false, func(from target) error { return listKeyspaces(cmd, from, asJSON) })
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as lines of JSON, with the keyspaces' options")
	return cmd
}

func listKeyspaces(cmd *cobra.Command, from target, asJSON bool) error {
	list, err := from.keyspaces(cmd.Context())
	if err != nil {
		return err
	}
	out := dataOutput(cmd)
	for _, ks := range list {
		line := []byte(ks.Name)
		if asJSON {
			if line, err = json.Marshal(ks); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
