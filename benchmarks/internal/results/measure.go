package results

// Measure is a figure with what is good about it.
type Measure struct {
	Name        string
	LowerBetter bool
}

// Better tells whether a is better than b.
func (m Measure) Better(a, b float64) bool {
	if m.LowerBetter {
		return a < b
	}
	return a > b
}
