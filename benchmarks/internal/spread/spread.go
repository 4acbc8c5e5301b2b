// Package spread prints values of several rounds beside each other.
package spread

import (
	"cmp"
	"fmt"
	"slices"
)

// Of are the ends and the median of values.
type Of struct{ Least, Median, Greatest float64 }

// New takes at least one value.
func New(values []float64) Of {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare)
	return Of{sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]}
}

// String implements fmt.Stringer: the median, and the ends in parentheses.
func (o Of) String() string {
	return fmt.Sprintf("%.4g (%.4g-%.4g)", o.Median, o.Least, o.Greatest)
}

// Row prints a row of a table: ours, theirs, and the ratio of the medians.
func Row(name string, mine, theirs []float64) {
	a, b := New(mine), New(theirs)
	fmt.Printf("| %s | %s | %s | %.2f |\n", name, a, b, a.Median/b.Median)
}
