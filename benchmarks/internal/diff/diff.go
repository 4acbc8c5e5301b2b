// Package diff compares two files of results: what became slower beyond the noise, and
// what became faster.
package diff

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// compared are the figures that are compared. Those of memory and of disk change for
// other reasons than speed, and the report has them.
var compared = []results.Measure{
	{Name: results.OpsPerSecond},
	{Name: results.P99, LowerBetter: true},
	{Name: results.CPU, LowerBetter: true},
	{Name: results.Seconds, LowerBetter: true},
}

// Options say what is a change.
type Options struct {
	// Percent by which medians must differ at least, of the old one.
	Percent float64
	// All compares peers too, and not only MantisDB.
	All bool
}

// Change is a figure that differs beyond the noise.
type Change struct {
	Row     results.Row // the new one
	Measure results.Measure
	Old     results.Spread
	New     results.Spread
}

// Worse tells whether the new figure is the worse one.
func (c Change) Worse() bool { return c.Measure.Better(c.Old.Median, c.New.Median) }

// Percent is by how much the median changed, of the old one.
func (c Change) Percent() float64 { return 100 * (c.New.Median - c.Old.Median) / c.Old.Median }

// Diff is what differs between two files.
type Diff struct {
	Options  Options
	Warnings []string // why figures may differ that nothing in the code has changed
	Rows     int      // that both files have
	OnlyOld  int
	OnlyNew  int
	Changes  []Change // the worst first
}

// identity is what makes rows of two files comparable.
type identity struct {
	group, engine string
	phase         results.Phase
}

func identify(r results.Row) identity { return identity{r.Group, r.Engine, r.Phase} }

// New compares two files.
func New(before, after *results.File, o Options) *Diff {
	d := &Diff{Options: o, Warnings: warnings(before, after)}
	old := map[identity]results.Row{}
	for _, row := range before.Rows {
		if o.All || results.IsOurs(row.Engine) {
			old[identify(row)] = row
		}
	}
	for _, row := range after.Rows {
		if !o.All && !results.IsOurs(row.Engine) {
			continue
		}
		was, known := old[identify(row)]
		if !known {
			d.OnlyNew++
			continue
		}
		d.Rows++
		d.Changes = append(d.Changes, o.changes(was, row)...)
	}
	d.OnlyOld = len(old) - d.Rows
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return cmp.Compare(b.harm(), a.harm()) })
	return d
}

// harm is by how many times the figure is worse; less than 1 if it is better.
func (c Change) harm() float64 {
	if c.Measure.LowerBetter {
		return c.New.Median / c.Old.Median
	}
	return c.Old.Median / c.New.Median
}

// changes are the figures that differ beyond the noise: no round of one is as good as
// some round of the other, and the medians differ by enough.
func (o Options) changes(was, is results.Row) []Change {
	var all []Change
	for _, m := range compared {
		// How long a phase of a fixed time took tells nothing.
		if _, timed := is.Figure(results.OpsPerSecond); timed && m.Name == results.Seconds {
			continue
		}
		old, known := was.Figure(m.Name)
		now, alsoKnown := is.Figure(m.Name)
		if !known || !alsoKnown || old.Median <= 0 || now.Median <= 0 || old.Overlaps(now) {
			continue
		}
		change := Change{is, m, old, now}
		if p := change.Percent(); p >= o.Percent || p <= -o.Percent {
			all = append(all, change)
		}
	}
	return all
}

// Slower are the changes of MantisDB for the worse.
func (d *Diff) Slower() int {
	n := 0
	for _, c := range d.Changes {
		if c.Worse() && results.IsOurs(c.Row.Engine) {
			n++
		}
	}
	return n
}

// warnings tell what else differs between the two runs.
func warnings(before, after *results.File) []string {
	var all []string
	differ := func(what string, a, b any) {
		if a != b {
			all = append(all, fmt.Sprintf("%s: %v, then %v", what, a, b))
		}
	}
	differ("machine", before.Machine.String(), after.Machine.String())
	differ("scale", before.Scale, after.Scale)
	differ("rounds", before.Rounds, after.Rounds)
	differ("seconds of a timed phase", before.Seconds, after.Seconds)
	for _, name := range names(before.Versions, after.Versions) {
		a, was := before.Versions[name]
		b, is := after.Versions[name]
		if was && is {
			differ("version of "+name, a, b)
		}
	}
	for _, f := range []*results.File{before, after} {
		if f.Interrupted || len(f.Failures) > 0 {
			all = append(all, fmt.Sprintf("the run of %s is not whole: %d jobs failed", f.Date, len(f.Failures)))
		}
		if f.Rounds < 2 {
			all = append(all, fmt.Sprintf("the run of %s has one round: its noise is not known", f.Date))
		}
	}
	return all
}

// names are the keys of both, in order.
func names(a, b map[string]string) []string {
	var all []string
	for name := range a {
		all = append(all, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
