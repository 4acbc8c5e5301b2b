package results

import (
	"cmp"
	"slices"
)

// Scene is a scenario of a group: systems that went through the same phases, side by
// side.
type Scene struct {
	Group, Scenario string
	Systems         []string // in the order of columns
	Phases          []Phase  // in the order in which they were measured
	rows            map[system]*Row
}

// Scenes are the scenes of the file, by group and scenario.
func (f *File) Scenes() []*Scene {
	type name struct{ group, scenario string }
	scenes := map[name]*Scene{}
	var all []*Scene
	rows := make([]*Row, len(f.Rows))
	for i := range f.Rows {
		rows[i] = &f.Rows[i]
	}
	// Ours come first, so that their phases give the order.
	slices.SortStableFunc(rows, func(a, b *Row) int { return compareSystems(a.Engine, b.Engine) })
	for _, row := range rows {
		of := name{row.Group, row.Scenario}
		s := scenes[of]
		if s == nil {
			s = &Scene{Group: row.Group, Scenario: row.Scenario, rows: map[system]*Row{}}
			scenes[of] = s
			all = append(all, s)
		}
		s.add(row)
	}
	slices.SortFunc(all, func(a, b *Scene) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Scenario, b.Scenario))
	})
	return all
}

func (s *Scene) add(row *Row) {
	if !slices.Contains(s.Systems, row.Engine) {
		s.Systems = append(s.Systems, row.Engine)
	}
	if !slices.Contains(s.Phases, row.Phase) {
		s.Phases = append(s.Phases, row.Phase)
	}
	s.rows[system{s.Group, row.Engine, row.Phase}] = row
}

// Row is what a system did in a phase, or nil.
func (s *Scene) Row(engine string, phase Phase) *Row {
	return s.rows[system{s.Group, engine, phase}]
}

// Figure is a figure of a system in a phase, and whether it was measured.
func (s *Scene) Figure(engine string, phase Phase, name string) (Spread, bool) {
	row := s.Row(engine, phase)
	if row == nil {
		return Spread{}, false
	}
	return row.Figure(name)
}

// Durability is that of the scenario, which all its systems have.
func (s *Scene) Durability() string {
	return s.Row(s.Systems[0], s.Phases[0]).Durability
}

// Subject is the system of MantisDB that is compared with peers, or nothing.
func (s *Scene) Subject() string {
	if len(s.Systems) > 0 && isSubject(s.Systems[0]) {
		return s.Systems[0]
	}
	return ""
}

// Rival is the peer with the best median of a figure, and that figure.
type Rival struct {
	Engine string
	Spread
}

// Best is the best of the peers that are allowed, or nil for none. Of equals it is
// the first by name.
func (s *Scene) Best(phase Phase, m Measure, allowed func(engine string) bool) *Rival {
	var best *Rival
	for _, engine := range s.Systems {
		if IsOurs(engine) || allowed != nil && !allowed(engine) {
			continue
		}
		v, known := s.Figure(engine, phase, m.Name)
		if known && (best == nil || m.Better(v.Median, best.Median)) {
			best = &Rival{engine, v}
		}
	}
	return best
}

// Ordered tells whether a system keeps keys in order: whether it was measured in
// scans.
func (s *Scene) Ordered(engine string) bool {
	return slices.ContainsFunc(s.Phases, func(p Phase) bool {
		return p.Workload == scanWorkload && s.Row(engine, p) != nil
	})
}

const scanWorkload = "scan"
