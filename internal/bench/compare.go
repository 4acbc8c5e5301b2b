package bench

import (
	"fmt"
	"io"
	"strings"
)

// WriteRatios writes how a compares with b, workload by workload: the ratios are
// a's figure divided by b's. More operations a second are better, shorter
// latencies are.
func WriteRatios(out io.Writer, a, b *Report) error {
	var s strings.Builder
	fmt.Fprintf(&s, "%s / %s\n", a.Engine, b.Engine)
	t := newTable(&s, "workload", a.Engine+" ops/s", b.Engine+" ops/s", "ratio",
		a.Engine+" p99 us", b.Engine+" p99 us", "ratio")
	for _, x := range a.Results {
		for _, y := range b.Results {
			if x.Name == y.Name {
				t.row(x.Name,
					perSecond(x.OpsPerSecond), perSecond(y.OpsPerSecond), ratio(x.OpsPerSecond, y.OpsPerSecond),
					fixed(x.P99Micros, 2), fixed(y.P99Micros, 2), ratio(x.P99Micros, y.P99Micros))
			}
		}
	}
	t.end()
	_, err := io.WriteString(out, s.String())
	return err
}

func ratio(x, y float64) string {
	if y == 0 {
		return "-"
	}
	return fixed(x/y, 2)
}
