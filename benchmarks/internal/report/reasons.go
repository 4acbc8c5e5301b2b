package report

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
)

// unexplained stands where people have not written a reason.
const unexplained = "not explained yet"

// reason is why MantisDB is not first in some figures. People write them; the report
// joins them to what was measured.
type reason struct {
	where  string // group/scenario/workload, as path.Match takes it
	figure string // a figure's name in the results, or * for any
	text   string
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
		r := reason{strings.Trim(cells[0], " `"), strings.Trim(cells[1], " `"), strings.TrimSpace(cells[2])}
		if _, err := path.Match(r.where, ""); err != nil {
			return nil, fmt.Errorf("%s:%d: %q: %w", file, n, r.where, err)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

// of is the reason for a figure of a workload.
func (all reasons) of(group, scenario, workload, figure string) string {
	for _, r := range all {
		// The pattern was tried when it was read.
		fits, _ := path.Match(r.where, group+"/"+scenario+"/"+workload)
		if fits && (r.figure == "*" || r.figure == figure) {
			return r.text
		}
	}
	return unexplained
}
