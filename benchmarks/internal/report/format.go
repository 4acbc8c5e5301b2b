package report

import (
	"fmt"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// count writes a number with three digits: 12.3, 12.3k, 1.23M.
func count(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2fM", v/1e6)
	case v >= 1e5:
		return fmt.Sprintf("%.0fk", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1fk", v/1e3)
	default:
		return fmt.Sprintf("%.3g", v)
	}
}

// nanos writes a time of nanoseconds in the unit that gives it three digits or so.
func nanos(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.2f s", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.1f ms", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.1f µs", v/1e3)
	default:
		return fmt.Sprintf("%.0f ns", v)
	}
}

func bytesOf(v float64) string {
	switch {
	case v >= 1<<20:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	case v >= 1<<10:
		return fmt.Sprintf("%.1f KiB", v/(1<<10))
	default:
		return fmt.Sprintf("%.0f B", v)
	}
}

func seconds(v float64) string { return fmt.Sprintf("%.2f s", v) }
func percent(v float64) string { return fmt.Sprintf("%.1f %%", v*100) }
func factor(v float64) string  { return fmt.Sprintf("%.2f", v) }

// text is the median, and below it the ends where rounds differ.
func text(s results.Spread, format func(float64) string) string {
	median, least, greatest := format(s.Median), format(s.Least), format(s.Greatest)
	if least == greatest {
		return median
	}
	return fmt.Sprintf("%s <sub>%s–%s</sub>", median, least, greatest)
}

// bold has the median stand out.
func bold(s results.Spread, format func(float64) string) string {
	median := format(s.Median)
	return "**" + median + "**" + text(s, format)[len(median):]
}
