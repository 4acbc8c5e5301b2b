package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/results"
)

// goal is what MantisDB is to reach beside the best of its peers in some phases: a
// ratio of at least the bound or, where lower is better, of at most.
type goal struct {
	title     string
	group     string
	scenarios []string // nil is all
	workloads []string // nil is all in which the figure means something
	threads   int      // the most; 0 is any
	measure   measure
	bound     float64
	peers     func(s *results.Scene, engine string) bool // nil is all
}

// outcome is a goal in one phase.
type outcome struct {
	scene  *results.Scene
	phase  results.Phase
	own    results.Spread
	rival  *results.Rival
	ratio  float64
	missed float64 // by which part of the bound; at most 0 if it is met
}

func (o outcome) met() bool { return o.missed <= 0 }

func (g goal) word() string {
	if g.measure.LowerBetter {
		return "at most"
	}
	return "at least"
}

// outcomes are the goal in each phase in which MantisDB and a peer were measured.
func (g goal) outcomes(scenes []*results.Scene) []outcome {
	var all []outcome
	for _, s := range scenes {
		if s.Group != g.group || g.scenarios != nil && !slices.Contains(g.scenarios, s.Scenario) {
			continue
		}
		for _, phase := range s.Phases {
			if !g.isAbout(phase) || !g.measure.covers(s, phase) {
				continue
			}
			if o, known := g.outcome(s, phase); known {
				all = append(all, o)
			}
		}
	}
	return all
}

func (g goal) isAbout(phase results.Phase) bool {
	return (g.workloads == nil || slices.Contains(g.workloads, phase.Workload)) && (g.threads == 0 || phase.Threads <= g.threads)
}

func (g goal) outcome(s *results.Scene, phase results.Phase) (o outcome, known bool) {
	own, known := s.Figure(s.Subject(), phase, g.measure.Name)
	rival := s.Best(phase, g.measure.Measure, func(engine string) bool { return g.peers == nil || g.peers(s, engine) })
	if !known || rival == nil {
		return outcome{}, false
	}
	r, ok := ratio(own.Median, rival.Median)
	if !ok {
		return outcome{}, false
	}
	o = outcome{scene: s, phase: phase, own: own, rival: rival, ratio: r, missed: 1 - r/g.bound}
	if g.measure.LowerBetter {
		o.missed = r/g.bound - 1
	}
	return o, true
}

// goals writes each goal that was measured with the phase in which it is met the least,
// and then all phases.
func (p *page) goals() {
	p.line("\n## %s\n", goalsTitle)
	p.line("What MantisDB is to reach. A ratio is its median divided by that of the best peer.")
	var summary, details, unmeasured []string
	for _, g := range goals {
		all := g.outcomes(p.scenes)
		if len(all) == 0 {
			unmeasured = append(unmeasured, g.title)
			continue
		}
		summary = append(summary, g.line(all))
		for _, o := range all {
			details = append(details, o.line(g))
		}
	}
	if len(summary) > 0 {
		p.line("\n| goal | ratio | met in | worst case | best peer | ratio there | |\n|---|---|---:|---|---|---:|---|")
		p.line("%s", strings.Join(summary, "\n"))
		p.line("\n<details><summary>Every phase of every goal</summary>\n")
		p.line("| goal | scenario | workload | MantisDB | best peer | | ratio | |\n|---|---|---|---:|---|---:|---:|---|")
		p.line("%s", strings.Join(details, "\n"))
		p.line("\n</details>")
	}
	p.list("Not measured:", unmeasured)
}

// line is the goal's line, with at least one outcome.
func (g goal) line(all []outcome) string {
	met, worst := 0, all[0]
	for _, o := range all {
		if o.met() {
			met++
		}
		if o.missed > worst.missed {
			worst = o
		}
	}
	return fmt.Sprintf("| %s | %s %g | %d of %d | %s, %s | %s | %s | %s |", g.title, g.word(), g.bound, met, len(all),
		worst.scene.Scenario, phaseName(worst.scene, worst.phase), worst.rival.Engine, factor(worst.ratio), worst.verdict())
}

// line is the outcome's line among those of all phases.
func (o outcome) line(g goal) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s |", g.title, o.scene.Scenario, phaseName(o.scene, o.phase),
		g.measure.format(o.own.Median), o.rival.Engine, g.measure.format(o.rival.Median), factor(o.ratio), o.verdict())
}

func (o outcome) verdict() string {
	if o.met() {
		return "met"
	}
	return "**missed**"
}
