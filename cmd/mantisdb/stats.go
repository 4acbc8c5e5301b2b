package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newStatsCommand() *cobra.Command {
	var flags targetFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Show figures of the moment",
		Long: "Writes all figures that a server tells: of its database, of its clients and of what\n" +
			"they asked for. Counters count since the server began. Of a data directory, it\n" +
			"opens that, and tells what the database has to tell.",
		Example: "  mantisdb stats\n" +
			"  mantisdb stats --json | jq .memory_bytes\n" +
			"  mantisdb stats --server=https://ops@db.example.com --tls-ca=ca.pem",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.use(cmd, false, func(from target) error {
				figures, err := from.stats(cmd.Context())
				if err != nil {
					return err
				}
				return writeStats(dataOutput(cmd), figures, asJSON)
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one line of JSON, as the server tells them")
	return cmd
}

// writeStats writes figures, which are a JSON object.
func writeStats(out io.Writer, figures []byte, asJSON bool) error {
	if asJSON {
		var line bytes.Buffer
		if err := json.Compact(&line, figures); err != nil {
			return fmt.Errorf("%w: %w", errNoSense, err)
		}
		_, err := fmt.Fprintf(out, "%s\n", line.Bytes())
		return err
	}
	var table statsTable
	if err := table.read(figures); err != nil {
		return fmt.Errorf("%w: %w", errNoSense, err)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range table.rows {
		fmt.Fprintf(w, "%s\t%s\n", row.name, row.value)
	}
	for _, list := range table.lists {
		fmt.Fprintf(w, "\n%s\n", list.name)
		list.write(w)
	}
	return w.Flush()
}
