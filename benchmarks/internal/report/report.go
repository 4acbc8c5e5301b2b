// Package report makes a page of Markdown and charts of a file of results.
package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// reasonsFile is beside the results: why MantisDB is not first in some figures.
const reasonsFile = "reasons.md"

// page is a report being written.
type page struct {
	file    *results.File
	scenes  []*results.Scene
	reasons reasons
	folder  string // of the results
	name    string // of the results, without .json
	out     bytes.Buffer
}

// Write writes the report of the results in path beside them, and returns the path of
// the page. Charts have the page's name with the group and the scenario.
func Write(path string) (page string, err error) {
	p, err := read(path)
	if err != nil {
		return "", err
	}
	if err := p.write(); err != nil {
		return "", err
	}
	page = p.beside(p.name + ".md")
	return page, os.WriteFile(page, p.out.Bytes(), 0o644)
}

func read(path string) (*page, error) {
	file, err := results.Read(path)
	if err != nil {
		return nil, err
	}
	p := &page{file: file, scenes: file.Scenes(), folder: filepath.Dir(path)}
	p.name = strings.TrimSuffix(filepath.Base(path), ".json")
	p.reasons, err = readReasons(p.beside(reasonsFile))
	return p, err
}

func (p *page) beside(name string) string { return filepath.Join(p.folder, name) }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func (p *page) write() error {
	p.head()
	p.contents()
	for _, s := range p.scenes {
		if err := p.scene(s); err != nil {
			return err
		}
	}
	p.behind()
	p.goals()
	p.versions()
	p.settings()
	return nil
}

func (p *page) head() {
	f := p.file
	p.line("# MantisDB beside its peers\n")
	p.line("Commit %s, %s. Scale %s: rounds %d, seconds of each timed phase %g, seed %d.", f.Commit, f.Date, f.Scale, f.Rounds, f.Seconds, f.Seed)
	p.line("On %s.\n", f.Machine)
	p.line("Figures are the median of the rounds, with the least and the greatest behind it;\nthe best median of a line is bold, if no other is as good.")
	p.line("A number behind a workload is how many threads did it. What is measured, and how systems are set, says [the README](../README.md).")
	if f.Only != "" {
		p.line("\nNot all was measured, but what `%s` matches.", f.Only)
	}
	if f.Interrupted {
		p.line("\n**The run was interrupted: some systems have fewer rounds than others, or none.**")
	}
	p.list("Left out, since they could not be measured here:", f.LeftOut)
	failures := make([]string, len(f.Failures))
	for i, j := range f.Failures {
		failures[i] = fmt.Sprintf("%s/%s/%s, round %d: %s", j.Group, j.Engine, j.Scenario, j.Round, j.Reason)
	}
	p.list("Failed; what was measured before stands in the tables:", failures)
}

func (p *page) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line("\n%s\n", title)
	for _, item := range items {
		p.line("- %s", item)
	}
}

func (p *page) scene(s *results.Scene) error {
	p.line("\n## %s\n", sceneTitle(s))
	phase := s.Phases[0]
	p.line("%s keys, values of %s, durability `%s`.", count(float64(phase.Keys)), bytesOf(float64(phase.ValueBytes)), s.Durability())
	chart, err := p.draw(s)
	if err != nil {
		return err
	}
	if chart != "" {
		p.line("\n![%s of %s in %s](%s)", headline.title, s.Group, s.Scenario, chart)
	}
	for _, m := range measures {
		p.table(s, m)
	}
	return nil
}

func (p *page) versions() {
	p.line("\n## %s\n\n| | |\n|---|---|", versionsTitle)
	names := make([]string, 0, len(p.file.Versions))
	for name := range p.file.Versions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p.line("| %s | %s |", name, p.file.Versions[name])
	}
}

// settings tells how each system was set in each scenario.
func (p *page) settings() {
	p.line("\n<details><summary>Settings</summary>\n")
	p.line("| group | scenario | system | called from | durability | settings |\n|---|---|---|---|---|---|")
	for _, s := range p.scenes {
		for _, engine := range s.Systems {
			for _, phase := range s.Phases {
				if row := s.Row(engine, phase); row != nil {
					p.line("| %s | %s | %s | %s | %s | %s |", s.Group, s.Scenario, engine, row.Language, row.Durability, row.Settings)
					break
				}
			}
		}
	}
	p.line("\n</details>")
}
