// Package chart draws systems beside each other: a panel for each workload, a
// horizontal bar for each system. The same figures give the same bytes. The ground is
// white, so that a chart can be read on a light page and on a dark one.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// Bar is one system's figure: the bar ends at the median, and a whisker spans the
// rounds.
type Bar struct {
	Name  string
	Label string // beside the bar
	Ours  bool
	results.Spread
}

// Panel is one workload. Its axis begins at zero and is its own.
type Panel struct {
	Title string
	Bars  []Bar // from top to bottom; at least one
}

const (
	columns     = 2
	panelWidth  = 370 * vg.Length(1)
	barHeight   = vg.Length(11)
	barPitch    = vg.Length(17)
	panelMargin = vg.Length(26) // what a panel has beside its bars in height
	gap         = vg.Length(14)
	headHeight  = vg.Length(30)
)

var (
	oursColor = color.RGBA{R: 0x1a, G: 0x7f, B: 0x37, A: 0xff}
	peerColor = color.RGBA{R: 0xa8, G: 0xb3, B: 0xc1, A: 0xff}
	inkColor  = color.RGBA{R: 0x1f, G: 0x23, B: 0x28, A: 0xff}
	softColor = color.RGBA{R: 0x59, G: 0x63, B: 0x6e, A: 0xff}
)

// Write draws panels, at least one, below a title.
func Write(out io.Writer, title string, panels []Panel) error {
	plots, bars, err := grid(panels)
	if err != nil {
		return err
	}
	rows := vg.Length(len(plots))
	width := columns*panelWidth + (columns+1)*gap
	height := headHeight + rows*(panelMargin+vg.Length(bars)*barPitch) + (rows+1)*gap
	canvas := vgsvg.New(width, height)
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	all.FillText(style(14, inkColor), vg.Point{X: gap, Y: height - gap - headHeight/2}, title)

	tiles := draw.Tiles{
		Cols: columns, Rows: len(plots), PadX: gap, PadY: gap,
		PadLeft: gap, PadRight: gap, PadTop: gap + headHeight, PadBottom: gap,
	}
	for i, row := range plot.Align(plots, tiles, all) {
		for j, tile := range row {
			if plots[i][j] != nil {
				plots[i][j].Draw(tile)
			}
		}
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	_, err = out.Write(withFallbacks(svg.Bytes()))
	return err
}

// grid makes a plot for each panel, in rows, and tells the most bars of one. The last
// row may end with an empty place.
func grid(panels []Panel) (rows [][]*plot.Plot, bars int, err error) {
	for i, p := range panels {
		if i%columns == 0 {
			rows = append(rows, make([]*plot.Plot, columns))
		}
		if rows[i/columns][i%columns], err = p.plot(); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", p.Title, err)
		}
		bars = max(bars, len(p.Bars))
	}
	return rows, bars, nil
}

// style is how text of a size in points is written, from its place to the right.
func style(size vg.Length, ink color.Color) text.Style {
	return text.Style{
		Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		XAlign: text.XLeft, YAlign: text.YCenter, Handler: plot.DefaultTextHandler,
	}
}

// withFallbacks names fonts of the same widths for those who do not have Liberation.
func withFallbacks(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"))
}

func (p Panel) plot() (*plot.Plot, error) {
	drawn := plot.New()
	drawn.Title.Text = p.Title
	drawn.Title.TextStyle.Color, drawn.Title.TextStyle.Font = inkColor, style(11, inkColor).Font
	drawn.HideX()
	names := make([]string, len(p.Bars))
	for i, bar := range p.Bars {
		names[len(names)-1-i] = bar.Name // the axis goes up
	}
	drawn.NominalY(names...)
	drawn.Y.Tick.Label.Color, drawn.Y.Tick.Label.Font = inkColor, style(10, inkColor).Font
	for _, part := range []func() (plot.Plotter, error){
		func() (plot.Plotter, error) { return p.bars(false, peerColor) },
		func() (plot.Plotter, error) { return p.bars(true, oursColor) },
		p.whiskers,
		p.labels,
	} {
		plotter, err := part()
		if err != nil {
			return nil, err
		}
		drawn.Add(plotter)
	}
	// What was added has widened the axis to its own ends.
	drawn.X.Min, drawn.X.Max = 0, p.extent()
	drawn.Y.Min, drawn.Y.Max = -0.5, float64(len(p.Bars))-0.5
	return drawn, nil
}

// extent is the end of the axis, with room for a label behind the longest bar.
func (p Panel) extent() float64 {
	const labelRoom = 1.3
	longest := 0.0
	for _, bar := range p.Bars {
		longest = max(longest, bar.Greatest)
	}
	if longest == 0 {
		return 1
	}
	return longest * labelRoom
}

// at is the place of the i-th bar on the axis, which goes up.
func (p Panel) at(i int) float64 { return float64(len(p.Bars) - 1 - i) }

// bars are ours or the peers'; those of the others have no length.
func (p Panel) bars(ours bool, fill color.Color) (plot.Plotter, error) {
	values := make(plotter.Values, len(p.Bars))
	for i, bar := range p.Bars {
		if bar.Ours == ours {
			values[len(values)-1-i] = bar.Median
		}
	}
	chart, err := plotter.NewBarChart(values, barHeight)
	if err != nil {
		return nil, err
	}
	chart.Horizontal, chart.Color, chart.LineStyle.Width = true, fill, 0
	return chart, nil
}

// spans are the medians with the ends, as gonum takes them.
type spans struct {
	plotter.XYs
	plotter.XErrors
}

func (p Panel) whiskers() (plot.Plotter, error) {
	s := spans{make(plotter.XYs, len(p.Bars)), make(plotter.XErrors, len(p.Bars))}
	for i, bar := range p.Bars {
		s.XYs[i].X, s.XYs[i].Y = bar.Median, p.at(i)
		s.XErrors[i].Low, s.XErrors[i].High = bar.Median-bar.Least, bar.Greatest-bar.Median
	}
	drawn, err := plotter.NewXErrorBars(s)
	if err != nil {
		return nil, err
	}
	drawn.LineStyle.Color, drawn.CapWidth = inkColor, barHeight/2
	return drawn, nil
}

// labels tell the figures behind the bars.
func (p Panel) labels() (plot.Plotter, error) {
	l := plotter.XYLabels{XYs: make(plotter.XYs, len(p.Bars)), Labels: make([]string, len(p.Bars))}
	for i, bar := range p.Bars {
		l.XYs[i].X, l.XYs[i].Y = bar.Greatest, p.at(i)
		l.Labels[i] = bar.Label
	}
	drawn, err := plotter.NewLabels(l)
	if err != nil {
		return nil, err
	}
	for i := range drawn.TextStyle {
		drawn.TextStyle[i] = style(9, softColor)
	}
	drawn.Offset = vg.Point{X: 4}
	return drawn, nil
}
