package results

import (
	"cmp"
	"slices"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// system is one system in a phase.
type system struct {
	group, engine string
	phase         Phase
}

// samples are the records of one row to be.
type samples struct {
	row    Row
	order  int // of the phase within its job
	values map[string][]float64
}

// Collect makes rows of the records of all rounds. Rows come by group, scenario and
// system, and phases in the order in which they are measured, whatever order the
// jobs had.
func Collect(records []measure.Record) []Row {
	seen := map[system]*samples{}
	for i := range records {
		r := &records[i]
		phase := Phase{r.Scenario, r.Workload, r.Threads, r.Keys, r.ValueBytes}
		of := system{r.Group, r.Engine, phase}
		s := seen[of]
		if s == nil {
			s = &samples{order: i, values: map[string][]float64{}, row: Row{
				Group: r.Group, Engine: r.Engine, Phase: phase, Version: r.Version, Language: r.Language,
				Settings: r.Settings, Durability: r.Durability, Figures: map[string]Spread{},
			}}
			seen[of] = s
		}
		for _, f := range figures {
			if v, known := f.of(r); known {
				s.values[f.name] = append(s.values[f.name], v)
			}
		}
	}
	return rowsOf(seen)
}

func rowsOf(seen map[system]*samples) []Row {
	all := make([]*samples, 0, len(seen))
	for _, s := range seen {
		for name, values := range s.values {
			s.row.Figures[name] = SpreadOf(values)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *samples) int {
		return cmp.Or(cmp.Compare(a.row.Group, b.row.Group), cmp.Compare(a.row.Scenario, b.row.Scenario),
			cmp.Compare(a.row.Engine, b.row.Engine), cmp.Compare(a.order, b.order))
	})
	rows := make([]Row, len(all))
	for i, s := range all {
		rows[i] = s.row
	}
	return rows
}
