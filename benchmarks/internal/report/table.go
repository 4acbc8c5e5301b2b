package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// table writes a measure of a scene: a line for each phase, a column for each system,
// and the ratio of MantisDB to the best of the others. Lines that would have nothing but
// zeros are left out, and so is a table of none but such.
func (p *page) table(s *results.Scene, m measure) {
	var lines []string
	for _, phase := range s.Phases {
		if line, known := tableLine(s, m, phase); known {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	folded := m.Name != headline.Name
	if folded {
		p.line("\n<details><summary>%s</summary>", m.title)
	} else {
		p.line("\n**%s**", strings.ToUpper(m.title[:1])+m.title[1:])
	}
	p.line("\n| | %s | to the best other |", strings.Join(s.Systems, " | "))
	p.line("|---|%s---:|", strings.Repeat("---:|", len(s.Systems)))
	for _, line := range lines {
		p.line("%s", line)
	}
	if folded {
		p.line("\n</details>")
	}
}

func tableLine(s *results.Scene, m measure, phase results.Phase) (line string, known bool) {
	if !m.covers(s, phase) {
		return "", false
	}
	best, alone := bestMedian(s, m, phase)
	cells := make([]string, len(s.Systems))
	for i, engine := range s.Systems {
		v, measured := s.Figure(engine, phase, m.Name)
		switch {
		case !measured:
			cells[i] = "—"
		case alone && v.Median == best:
			cells[i] = bold(v, m.format)
		default:
			cells[i] = text(v, m.format)
		}
		known = known || measured && m.format(v.Greatest) != m.format(0)
	}
	return fmt.Sprintf("| %s | %s | %s |", phaseName(s, phase), strings.Join(cells, " | "), toBest(s, m, phase)), known
}

// bestMedian is the best median of all systems, and whether only one of at least two
// has it.
func bestMedian(s *results.Scene, m measure, phase results.Phase) (best float64, alone bool) {
	var medians []float64
	for _, engine := range s.Systems {
		if v, known := s.Figure(engine, phase, m.Name); known {
			medians = append(medians, v.Median)
		}
	}
	if len(medians) < 2 {
		return 0, false
	}
	slices.Sort(medians)
	if !m.LowerBetter {
		slices.Reverse(medians)
	}
	return medians[0], medians[0] != medians[1]
}

// toBest is the ratio of MantisDB's figure to the best of its peers'.
func toBest(s *results.Scene, m measure, phase results.Phase) string {
	own, known := s.Figure(s.Subject(), phase, m.Name)
	rival := s.Best(phase, m.Measure, nil)
	if !known || rival == nil {
		return "—"
	}
	r, ok := ratio(own.Median, rival.Median)
	if !ok {
		return "—"
	}
	return factor(r)
}

// phaseName is the workload with its threads, and its data where the scene has several
// sizes.
func phaseName(s *results.Scene, phase results.Phase) string {
	name := phase.Workload
	for _, other := range s.Phases {
		if other.Workload == phase.Workload && other.Threads != phase.Threads {
			name += fmt.Sprintf(", %d", phase.Threads)
			break
		}
	}
	for _, other := range s.Phases {
		if other.Keys != phase.Keys || other.ValueBytes != phase.ValueBytes {
			return name + fmt.Sprintf(", %s keys of %s", count(float64(phase.Keys)), bytesOf(float64(phase.ValueBytes)))
		}
	}
	return name
}
