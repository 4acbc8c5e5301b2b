package report

import "github.com/mantisdb/mantisdb/benchmarks/internal/results"

// lead is a figure of a phase in which the median of a peer is better than MantisDB's.
type lead struct {
	scene   *results.Scene
	phase   results.Phase
	measure measure
	own     results.Spread
	rival   *results.Rival // the best of the peers
}

// compare tells whether MantisDB and a peer have a figure of a phase, and whether the
// peer's is better.
func compare(s *results.Scene, phase results.Phase, m measure) (l lead, compared, behind bool) {
	own, known := s.Figure(s.Subject(), phase, m.Name)
	rival := s.Best(phase, m.Measure, nil)
	if !known || rival == nil || !m.covers(s, phase) {
		return lead{}, false, false
	}
	return lead{s, phase, m, own, rival}, true, m.Better(rival.Median, own.Median)
}

// leads are those of peers in all scenes, and of how many figures that were compared.
func (p *page) leads() (all []lead, compared int) {
	for _, m := range measures {
		if !m.judged {
			continue
		}
		for _, s := range p.scenes {
			for _, phase := range s.Phases {
				l, known, behind := compare(s, phase, m)
				if known {
					compared++
				}
				if behind {
					all = append(all, l)
				}
			}
		}
	}
	return all, compared
}

// behind lists each figure in which a peer's median is better than MantisDB's, by the
// reasons that people have given.
func (p *page) behind() {
	all, compared := p.leads()
	p.line("\n## %s\n", behindTitle)
	p.line("In %d of %d figures the median of a peer is better. A ratio is MantisDB's figure divided by the best peer's;", len(all), compared)
	p.line("*in the noise* is one where the rounds of both overlap. Reasons stand in [reasons.md](%s).", reasonsFile)
	byReason := make([][]lead, len(p.reasons)+1)
	for _, l := range all {
		i := p.reasons.of(l)
		byReason[i] = append(byReason[i], l)
	}
	for i, some := range byReason {
		if len(some) == 0 {
			continue
		}
		text := "**Not explained yet.**"
		if i < len(p.reasons) {
			text = p.reasons[i].text
		}
		p.line("\n%s\n", text)
		p.leadTable(some)
	}
}

func (p *page) leadTable(some []lead) {
	p.line("| group | scenario | workload | figure | MantisDB | best peer | | ratio |\n|---|---|---|---|---:|---|---:|---:|")
	for _, l := range some {
		p.line("| %s | %s | %s | %s | %s | %s | %s | %s |", l.scene.Group, l.scene.Scenario, phaseName(l.scene, l.phase),
			l.measure.title, l.measure.format(l.own.Median), l.rival.Engine, l.measure.format(l.rival.Median), l.ratio())
	}
}

func (l lead) ratio() string {
	text := "—"
	if r, ok := ratio(l.own.Median, l.rival.Median); ok {
		text = factor(r)
	}
	if l.own.Overlaps(l.rival.Spread) {
		text += ", *in the noise*"
	}
	return text
}
