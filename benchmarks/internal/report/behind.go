package report

import "github.com/mantisdb/mantisdb/benchmarks/internal/results"

// behind lists each figure in which a peer's median is better than MantisDB's, with the
// reason that people have given.
func (p *page) behind() {
	p.line("\n## Where MantisDB is not first\n")
	p.line("Each figure in which the median of a peer is better. A ratio is MantisDB's figure divided by the peer's;")
	p.line("*in the noise* is one where the rounds of both overlap. Reasons stand in [reasons.md](%s).", reasonsFile)
	any := false
	for _, m := range measures {
		if m.judged && p.behindIn(m) {
			any = true
		}
	}
	if !any {
		p.line("\nNowhere.")
	}
}

func (p *page) behindIn(m measure) bool {
	written := false
	for _, s := range p.scenes {
		for _, phase := range s.Phases {
			own, known := s.Figure(s.Subject(), phase, m.Name)
			rival := s.Best(phase, m.Measure, nil)
			if !known || rival == nil || !m.covers(s, phase) || !m.Better(rival.Median, own.Median) {
				continue
			}
			if !written {
				p.line("\n### %s\n", m.title)
				p.line("| group | scenario | workload | MantisDB | first | | ratio | reason |\n|---|---|---|---:|---|---:|---:|---|")
				written = true
			}
			p.line("| %s | %s | %s | %s | %s | %s | %s | %s |", s.Group, s.Scenario, phaseName(s, phase),
				m.format(own.Median), rival.Engine, m.format(rival.Median), ratioText(own, rival.Spread),
				p.reasons.of(s.Group, s.Scenario, phase.Workload, m.Name))
		}
	}
	return written
}

func ratioText(own, rival results.Spread) string {
	r, ok := ratio(own.Median, rival.Median)
	text := "—"
	if ok {
		text = factor(r)
	}
	if own.Overlaps(rival) {
		text += ", *in the noise*"
	}
	return text
}
