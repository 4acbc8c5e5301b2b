package diff

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Write writes the rule, what else differs between the runs, and the changes.
func (d *Diff) Write(out io.Writer) error {
	for _, warning := range d.Warnings {
		fmt.Fprintf(out, "differs: %s\n", warning)
	}
	fmt.Fprintf(out, "%d rows in both, %d only in the old file, %d only in the new one.\n", d.Rows, d.OnlyOld, d.OnlyNew)
	fmt.Fprintf(out, "A change: the rounds of old and new do not overlap, and the medians differ by at least %g %%.\n", d.Options.Percent)
	if err := d.list(out, "Slower", true); err != nil {
		return err
	}
	return d.list(out, "Faster", false)
}

func (d *Diff) list(out io.Writer, title string, worse bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	count := 0
	for _, c := range d.Changes {
		if c.Worse() != worse {
			continue
		}
		if count == 0 {
			fmt.Fprintf(table, "\n%s:\n", title)
		}
		count++
		fmt.Fprintf(table, "%s/%s/%s/%s, threads %d\t%s\t%s\t%s\t%+.1f %%\n", c.Row.Group, c.Row.Engine, c.Row.Scenario,
			c.Row.Workload, c.Row.Threads, c.Measure.Name, c.Old, c.New, c.Percent())
	}
	if count == 0 {
		fmt.Fprintf(table, "\n%s: nothing\n", title)
	}
	return table.Flush()
}
