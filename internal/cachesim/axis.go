package cachesim

import (
	"fmt"
	"math"
	"strconv"
)

// axis maps values to places from 0 to 1.
type axis struct {
	low, high float64 // the values at the ends
	log       bool
	ticks     []tick
}

// tick is a value that an axis names.
type tick struct {
	value float64
	label string
}

// mostTicks is how many names of values an axis has room for.
const mostTicks = 9

func (a *axis) place(value float64) float64 {
	if a.log {
		return math.Log(value/a.low) / math.Log(a.high/a.low)
	}
	return (value - a.low) / (a.high - a.low)
}

// sizeAxis is a logarithmic axis for sizes of caches from low to high.
func sizeAxis(low, high uint64, unit string) axis {
	a := axis{log: true, low: float64(low), high: float64(high)}
	margin := 1.04
	if low == high {
		margin = 2
	}
	a.low, a.high = a.low/margin, a.high*margin
	values := roundEntries(a.low, a.high)
	if unit == unitBytes {
		values = roundBytes(a.low, a.high)
	}
	if len(values) < 2 { // no round numbers are between the ends
		values = []float64{float64(low)}
		if low != high {
			values = append(values, float64(high))
		}
	}
	for _, value := range values {
		a.ticks = append(a.ticks, tick{value, shortSize(value, unit)})
	}
	return a
}

// roundEntries are powers of ten from low to high, with 2 and 5 times them if there is
// room.
func roundEntries(low, high float64) (values []float64) {
	for _, factors := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		values = values[:0]
		for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
			for _, factor := range factors {
				if value := power * factor; low <= value && value <= high {
					values = append(values, value)
				}
			}
		}
		if len(values) <= mostTicks {
			break
		}
	}
	return values
}

// roundBytes are powers of two from low to high, of which some are left out if there
// is no room.
func roundBytes(low, high float64) (values []float64) {
	for _, step := range []float64{1, 2, 5, 10} {
		values = values[:0]
		for power := step * math.Ceil(math.Log2(low)/step); math.Exp2(power) <= high; power += step {
			values = append(values, math.Exp2(power))
		}
		if len(values) <= mostTicks {
			break
		}
	}
	return values
}

// shortSize writes a size with few digits: 20k, 1.5M, 64 MiB.
func shortSize(value float64, unit string) string {
	base, units := 1000.0, []string{"", "k", "M", "G"}
	if unit == unitBytes {
		base, units = 1024, []string{" B", " KiB", " MiB", " GiB", " TiB"}
	}
	i := 0
	for ; value >= base && i < len(units)-1; i++ {
		value /= base
	}
	decimals := 0
	if value != math.Trunc(value) {
		decimals = max(0, 2-int(math.Log10(value)))
	}
	// Once more as a number, without what zeros the decimals end with.
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'f', decimals, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64) + units[i]
}

// percentAxis is an axis for percentages from low to high, of which it takes in as
// little more as round steps allow.
func percentAxis(low, high float64) axis {
	const mostSteps = 7
	var step, first, last float64
	for _, step = range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20} {
		first, last = math.Floor(low/step), math.Ceil(high/step)
		if last-first <= mostSteps {
			break
		}
	}
	switch {
	case first < last:
	case high < 100:
		last++
	default:
		first--
	}
	a := axis{low: first * step, high: last * step}
	for i := first; i <= last; i++ {
		a.ticks = append(a.ticks, tick{i * step, fmt.Sprintf("%.4g%%", i*step)})
	}
	return a
}
