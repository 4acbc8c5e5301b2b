package report

import (
	"fmt"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// The titles of what comes behind the scenes.
const (
	behindTitle   = "Where MantisDB is not first"
	goalsTitle    = "Goals"
	versionsTitle = "Versions and settings"
)

// contents links to all that the page has, and tells of each scene in how many of its
// workloads MantisDB does most.
func (p *page) contents() {
	p.line("\n| scenario | systems | MantisDB has the most %s in |\n|---|---|---:|", headline.title)
	for _, s := range p.scenes {
		p.line("| [%s](#%s) | %s | %s |", sceneTitle(s), anchor(sceneTitle(s)), strings.Join(s.Systems, ", "), firsts(s))
	}
	p.line("")
	for _, title := range []string{behindTitle, goalsTitle, versionsTitle} {
		p.line("- [%s](#%s)", title, anchor(title))
	}
}

func sceneTitle(s *results.Scene) string { return s.Group + ", " + s.Scenario }

// anchor is what GitHub makes of a title.
func anchor(title string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(title), ",", ""), " ", "-")
}

// firsts tells in how many of the workloads that were compared no peer does more.
func firsts(s *results.Scene) string {
	first, all := 0, 0
	for _, phase := range s.Phases {
		_, compared, behind := compare(s, phase, headline)
		if !compared {
			continue
		}
		all++
		if !behind {
			first++
		}
	}
	if all == 0 {
		return "—"
	}
	return fmt.Sprintf("%d of %d", first, all)
}
