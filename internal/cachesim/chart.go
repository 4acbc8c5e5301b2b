package cachesim

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/template"
)

// The chart's measures, in pixels: a plot for each measure, one below the other, and
// the legend at their right.
const (
	chartWidth  = 920
	headHeight  = 72
	plotLeft    = 76
	plotWidth   = 640
	plotHeight  = 380
	plotSpacing = 96 // below a plot, for its axis
	titleLength = 64 // characters of a trace's name
	styles      = 8  // of lines, before the first comes again
)

//go:embed chart.svg.tmpl
var chartText string

var chartTemplate = template.Must(template.New("chart").Funcs(template.FuncMap{
	"xml":  escaped,
	"half": func(n int) int { return n / 2 },
}).Parse(chartText))

// chart is what the template draws.
type chart struct {
	Width, Height   int
	PlotLeft        int
	PlotWidth       int
	PlotHeight      int
	Title, Subtitle string
	Plots           []plot
	Legend          []legendEntry
}

// plot is the curves of one measure.
type plot struct {
	Top            int
	Name           string // of the measure
	Unit           string
	XTicks, YTicks []mark
	Curves         []curve
}

// mark is a name at a place of an axis.
type mark struct {
	At    string
	Label string
}

// curve is the points of one policy.
type curve struct {
	style
	Policy string
	Path   string
	Points []dot
}

// dot is a point of a curve, with what is told of it.
type dot struct{ X, Y, Text string }

type legendEntry struct {
	style
	Policy string
	Y      int
}

// style is how the curve of a policy looks. Policies differ in the shape of their
// dots too, for those who cannot tell the colours.
type style struct {
	Class   string
	Shape   string
	IsBound bool
}

// bound is the policy that knows what is to come.
const bound = "belady"

// WriteSVG writes the report as a chart: hit ratios by size, a curve for each policy.
// It is readable on light and dark ground.
func (r *Report) WriteSVG(out io.Writer) error {
	return chartTemplate.Execute(out, r.chart())
}

func (r *Report) chart() chart {
	c := chart{
		Width: chartWidth, PlotLeft: plotLeft, PlotWidth: plotWidth, PlotHeight: plotHeight,
		Title: shortened(r.Trace), Subtitle: r.summary(),
	}
	looks := r.styles()
	measures := r.measures()
	for i, m := range measures {
		c.Plots = append(c.Plots, r.plot(m, headHeight+i*(plotHeight+plotSpacing), looks))
	}
	c.Height = headHeight + len(measures)*(plotHeight+plotSpacing) - plotSpacing/4
	for i, best := range r.ranking() {
		c.Legend = append(c.Legend, legendEntry{looks[best], r.Policies[best].Policy, headHeight + 12 + 26*i})
	}
	return c
}

// plot draws the curves of a measure.
func (r *Report) plot(m measure, top int, looks []style) plot {
	p := plot{Top: top, Name: m.name, Unit: r.Unit}
	points := r.Policies[0].Points
	x := sizeAxis(points[0].Capacity, points[len(points)-1].Capacity, r.Unit)
	y := percentAxis(r.extent(m))
	for _, t := range x.ticks {
		p.XTicks = append(p.XTicks, mark{across(x, t.value), t.label})
	}
	for _, t := range y.ticks {
		p.YTicks = append(p.YTicks, mark{up(y, t.value), t.label})
	}
	for i, result := range r.Policies {
		drawn := curve{style: looks[i], Policy: result.Policy}
		var path strings.Builder
		for j, point := range result.Points {
			percent := 100 * m.of(point)
			d := dot{across(x, float64(point.Capacity)), up(y, percent),
				fmt.Sprintf("%s, %s %s: %.2f%%", result.Policy, comma(point.Capacity), r.Unit, percent)}
			drawn.Points = append(drawn.Points, d)
			command := "L"
			if j == 0 {
				command = "M"
			}
			path.WriteString(command + d.X + " " + d.Y)
		}
		drawn.Path = path.String()
		p.Curves = append(p.Curves, drawn)
	}
	slices.Reverse(p.Curves) // the first policy is drawn last, and so on top
	return p
}

// extent is the lowest and the highest percentage of a measure.
func (r *Report) extent(m measure) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, result := range r.Policies {
		for _, point := range result.Points {
			low, high = min(low, 100*m.of(point)), max(high, 100*m.of(point))
		}
	}
	return low, high
}

// ranking is the policies' indexes, the best on average first.
func (r *Report) ranking() []int {
	sums := make([]float64, len(r.Policies))
	indexes := make([]int, len(r.Policies))
	for i, result := range r.Policies {
		indexes[i] = i
		for _, point := range result.Points {
			sums[i] += point.HitRatio
		}
	}
	slices.SortStableFunc(indexes, func(a, b int) int {
		switch {
		case sums[a] > sums[b]:
			return -1
		case sums[a] < sums[b]:
			return 1
		}
		return 0
	})
	return indexes
}

// styles are those of the policies, in their order.
func (r *Report) styles() []style {
	looks := make([]style, len(r.Policies))
	next := 0
	for i, result := range r.Policies {
		if result.Policy == bound {
			looks[i] = style{Class: "bound", IsBound: true}
			continue
		}
		looks[i] = style{Class: fmt.Sprintf("s%d", next%styles), Shape: fmt.Sprintf("d%d", next%styles)}
		next++
	}
	return looks
}

// across and up are places in a plot, in pixels from its left and its top.
func across(a axis, value float64) string { return fmt.Sprintf("%.1f", plotWidth*a.place(value)) }

func up(a axis, value float64) string { return fmt.Sprintf("%.1f", plotHeight*(1-a.place(value))) }

// shortened leaves out the middle of a name that is too long for a title.
func shortened(name string) string {
	runes := []rune(name)
	if len(runes) <= titleLength {
		return name
	}
	half := titleLength/2 - 1
	return string(runes[:half]) + "..." + string(runes[len(runes)-half:])
}

// escaped is text as it may stand in XML.
func escaped(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	return b.String(), err
}
