package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"text/tabwriter"
)

// bound is by how many percent a count may differ from its baseline.
const bound = 5.0

// How a case stands.
const (
	within    = ""
	slower    = "SLOWER"
	faster    = "faster: move the baseline"
	unknown   = "NOT IN THE BASELINE"
	uncounted = "NOT COUNTED"
)

// standing compares a count with its baseline; what is not there is NaN.
func standing(baseline, now float64) (change float64, verdict string) {
	change = (now/baseline - 1) * 100
	switch {
	case math.IsNaN(baseline):
		return change, unknown
	case math.IsNaN(now):
		return change, uncounted
	case change > bound:
		return change, slower
	case change < -bound:
		return change, faster
	}
	return change, within
}

// judge prints the table, and fails if a case is slower, new or gone. One that has become
// faster is no failure: whoever made it so moves the baseline.
func judge(w io.Writer, baseline Baseline, toolchain Toolchain, counts map[string]float64) error {
	refused := false
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "case\tbaseline\tnow\tchange, %\t")
	for _, name := range slices.Sorted(maps.Keys(union(baseline.Counts, counts))) {
		before, now := lookUp(baseline.Counts, name), lookUp(counts, name)
		change, verdict := standing(before, now)
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%+.1f\t %s\n", name, before, now, change, verdict)
		refused = refused || verdict != within && verdict != faster
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if !refused {
		return nil
	}
	if toolchain != baseline.Toolchain {
		fmt.Fprintf(w, "the baseline was taken with another toolchain: %+v, this is %+v\n", baseline.Toolchain, toolchain)
	}
	return errors.New("instruction counts are out of bounds; if that is meant, `make instructions-baseline` moves them (docs/performance.md)")
}

func union(a, b map[string]float64) map[string]float64 {
	all := maps.Clone(a)
	if all == nil {
		return b
	}
	maps.Copy(all, b)
	return all
}

func lookUp(counts map[string]float64, name string) float64 {
	if count, ok := counts[name]; ok {
		return count
	}
	return math.NaN()
}
