package report

import (
	"bytes"
	"fmt"
	"os"

	"github.com/mantisdb/mantisdb/benchmarks/internal/chart"
	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// charted are the workloads that a chart shows, where a scene has more than there is
// room for.
var charted = map[string]bool{
	"load": true, "ycsb_a": true, "ycsb_b": true, "ycsb_c": true, "ycsb_e": true,
	"reads": true, "overwrite": true, "scan": true,
}

// chartRoom is how many panels a chart has when nothing is left out.
const chartRoom = 8

// panels are the phases of a scene with operations, and the systems that did them.
func panels(s *results.Scene) []chart.Panel {
	var all, main []chart.Panel
	for _, phase := range s.Phases {
		panel := chart.Panel{Title: phaseName(s, phase)}
		for _, engine := range s.Systems {
			if v, known := s.Figure(engine, phase, headline.Name); known {
				panel.Bars = append(panel.Bars, chart.Bar{
					Name: engine, Label: headline.format(v.Median), Ours: results.IsOurs(engine), Spread: v,
				})
			}
		}
		if len(panel.Bars) == 0 {
			continue
		}
		all = append(all, panel)
		if charted[phase.Workload] {
			main = append(main, panel)
		}
	}
	if len(all) > chartRoom && len(main) > 0 {
		return main
	}
	return all
}

// draw writes the chart of a scene beside the page and returns its name, which is
// empty if there is nothing to draw.
func (p *page) draw(s *results.Scene) (name string, err error) {
	shown := panels(s)
	if len(shown) == 0 {
		return "", nil
	}
	var svg bytes.Buffer
	title := fmt.Sprintf("%s, %s: %s", s.Group, s.Scenario, headline.title)
	if err := chart.Write(&svg, title, shown); err != nil {
		return "", err
	}
	name = fmt.Sprintf("%s-%s-%s.svg", p.name, s.Group, s.Scenario)
	return name, os.WriteFile(p.beside(name), svg.Bytes(), 0o644)
}
