// Package report joins the records of all rounds and both halves in one page.
package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// phase names what is compared: the same work on the same data.
type phase struct {
	scenario, workload string
	threads            int
}

// cell is what one engine did in one phase with values of one size.
type cell struct {
	engine string
	phase  phase
	bytes  int
}

// samples are all records, a round after the other in each cell.
type samples struct {
	cells   map[cell][]measure.Record
	engines map[string]measure.Record // one of each, for its version and settings
	sizes   []int
	keys    []uint64
	rounds  int
}

// read reads files of records.
func read(paths []string) (*samples, error) {
	s := &samples{cells: map[cell][]measure.Record{}, engines: map[string]measure.Record{}}
	for _, path := range paths {
		if err := s.readFile(path); err != nil {
			return nil, err
		}
	}
	if len(s.cells) == 0 {
		return nil, fmt.Errorf("no records in %v", paths)
	}
	slices.Sort(s.sizes)
	return s, nil
}

func (s *samples) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var r measure.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		s.add(r)
	}
	return lines.Err()
}

func (s *samples) add(r measure.Record) {
	c := cell{r.Engine, phase{r.Scenario, r.Workload, r.Threads}, r.ValueBytes}
	s.cells[c] = append(s.cells[c], r)
	s.rounds = max(s.rounds, len(s.cells[c]))
	if seen, ok := s.engines[r.Engine]; !ok || r.Scenario == "memory" && seen.Scenario != "memory" {
		s.engines[r.Engine] = r
	}
	if !slices.Contains(s.sizes, r.ValueBytes) {
		s.sizes = append(s.sizes, r.ValueBytes)
	}
	if !slices.Contains(s.keys, r.Keys) {
		s.keys = append(s.keys, r.Keys)
	}
}

// names are the engines' names: MantisDB's first, then its peers'.
func (s *samples) names() []string {
	names := make([]string, 0, len(s.engines))
	for name := range s.engines {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if isOurs(a) != isOurs(b) {
			if isOurs(a) {
				return -1
			}
			return 1
		}
		return compareNames(a, b)
	})
	return names
}

// clients is the larger number of clients of a scenario's phase, 0 of none.
func (s *samples) clients(scenario, workload string) int {
	most := 0
	for c := range s.cells {
		if c.phase.scenario == scenario && c.phase.workload == workload {
			most = max(most, c.phase.threads)
		}
	}
	return most
}

// spread is the median of a figure over the rounds, with its ends.
type spread struct {
	median, low, high float64
	known             bool
}

// over is the spread of what figure takes from a cell's records.
func (s *samples) over(c cell, figure func(measure.Record) float64) spread {
	records := s.cells[c]
	if len(records) == 0 {
		return spread{}
	}
	values := make([]float64, len(records))
	for i, r := range records {
		values[i] = figure(r)
	}
	slices.Sort(values)
	n := len(values)
	return spread{median: (values[(n-1)/2] + values[n/2]) / 2, low: values[0], high: values[n-1], known: true}
}
