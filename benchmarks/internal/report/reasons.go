package report

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// reason is why MantisDB is not first in some figures. People write them; the report
// joins them to what was measured.
type reason struct {
	where   []string // group/scenario/workload or group/scenario/workload/peer, as path.Match takes it
	figures []string // names in the results, or * for any
	text    string
}

// reasons are in the file's order: the first that fits counts.
type reasons []reason

// readReasons reads the tables of a Markdown file, whose lines are
// `| where | figure | reason |`. A file that is not there has none.
func readReasons(file string) (reasons, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all reasons
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| where |") {
			continue
		}
		cells := strings.SplitN(strings.Trim(line, "|"), "|", 3)
		if len(cells) != 3 {
			return nil, fmt.Errorf("%s:%d: a reason is | where | figure | reason |", file, n)
		}
		r := reason{listed(cells[0]), listed(cells[1]), strings.TrimSpace(cells[2])}
		for _, where := range r.where {
			if _, err := path.Match(where, ""); err != nil {
				return nil, fmt.Errorf("%s:%d: %q: %w", file, n, where, err)
			}
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

// listed are the names in a cell, with commas between them.
func listed(cell string) []string {
	names := strings.Split(cell, ",")
	for i, name := range names {
		names[i] = strings.Trim(name, " `")
	}
	return names
}

// of is the place of the reason for what a peer is better in, or the number of reasons
// if none fits.
func (all reasons) of(l lead) int {
	for i, r := range all {
		if r.fits(l) {
			return i
		}
	}
	return len(all)
}

func (r reason) fits(l lead) bool {
	if !slices.Contains(r.figures, "*") && !slices.Contains(r.figures, l.measure.Name) {
		return false
	}
	phase := path.Join(l.scene.Group, l.scene.Scenario, l.phase.Workload)
	return slices.ContainsFunc(r.where, func(where string) bool {
		// The pattern was tried when it was read, and * stands for no slash.
		inPhase, _ := path.Match(where, phase)
		beside, _ := path.Match(where, path.Join(phase, l.rival.Engine))
		return inPhase || beside
	})
}
