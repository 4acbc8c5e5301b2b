package results

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Spread is the median of a figure over the rounds with its ends; in JSON an array
// of the least, the median and the greatest.
type Spread struct{ Least, Median, Greatest float64 }

// SpreadOf is the spread of at least one value. The median of an even number of
// values is between the two in the middle.
func SpreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Spread{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1]}
}

// Overlaps tells whether some value lies within both spreads.
func (s Spread) Overlaps(o Spread) bool {
	return s.Least <= o.Greatest && o.Least <= s.Greatest
}

// Scaled is the spread of the values divided by unit, which is positive.
func (s Spread) Scaled(unit float64) Spread {
	return Spread{s.Least / unit, s.Median / unit, s.Greatest / unit}
}

// MarshalJSON implements json.Marshaler.
func (s Spread) MarshalJSON() ([]byte, error) {
	return json.Marshal([3]float64{s.Least, s.Median, s.Greatest})
}

// UnmarshalJSON implements json.Unmarshaler. The three values are in order.
func (s *Spread) UnmarshalJSON(data []byte) error {
	var values []float64
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	if len(values) != 3 || values[0] > values[1] || values[1] > values[2] {
		return fmt.Errorf("a figure is [least, median, greatest], not %s", data)
	}
	*s = Spread{values[0], values[1], values[2]}
	return nil
}

// String implements fmt.Stringer: the median, and the ends in parentheses.
func (s Spread) String() string {
	return fmt.Sprintf("%.4g (%.4g-%.4g)", s.Median, s.Least, s.Greatest)
}
