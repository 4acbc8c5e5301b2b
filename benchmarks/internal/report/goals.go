package report

import (
	"fmt"

	"github.com/mantisdb/mantisdb/benchmarks/internal/measure"
)

// subject is the engine that the goals are about.
const subject = ours + "rust"

// A goal compares the subject with the best of its peers, or with a bound.
type goal struct {
	title    string
	phase    phase
	figure   func(measure.Record) float64
	lower    bool    // lower is better
	ratio    float64 // of the subject's figure to the best peer's; 0 is none
	bound    float64 // of the subject's figure alone
	excluded func(engine string) bool
}

// uncompressed stores are left out where disk is compared.
func uncompressed(engine string) bool { return engine == "redb" }

func (p *page) goalList() []goal {
	many := max(p.clients("sync", "sync_writes"), p.clients("memory", "random_writes"))
	return []goal{
		{title: fmt.Sprintf("sync writes, %d writers", many), phase: phase{"sync", "sync_writes", many}, figure: opsPerSecond, ratio: 1.3},
		{title: "buffered random writes", phase: phase{"memory", "random_writes", 1}, figure: opsPerSecond, ratio: 1.5},
		{title: fmt.Sprintf("buffered random writes, %d writers", many), phase: phase{"memory", "random_writes", many}, figure: opsPerSecond, ratio: 1.5},
		{title: "random reads, in memory", phase: phase{"memory", "random_reads", 1}, figure: opsPerSecond, ratio: 3},
		{title: "random reads, 4x the budget", phase: phase{"larger", "random_reads", 1}, figure: opsPerSecond, ratio: 1.2},
		{title: "p99.9 of overwrites during compaction, full speed", phase: phase{"compaction", "overwrites", 1}, figure: p999, lower: true, ratio: 1},
		{title: "p99.9 of overwrites during compaction, fixed rate", phase: phase{"compaction", "paced_overwrites", 1}, figure: p999, lower: true, ratio: 1},
		{title: "disk when closed, beside the smallest compressed", phase: phase{"larger", "closed", 1}, figure: disk, lower: true, ratio: 1.2, excluded: uncompressed},
		{title: "seconds to open after a kill", phase: phase{"recovery", "open_after_kill", 1}, figure: seconds, lower: true, bound: 5},
	}
}

// goals writes how MantisDB stands to what it is to reach.
func (p *page) goals() {
	if _, ok := p.engines[subject]; !ok {
		return
	}
	p.line("\n## %s beside the best peer\n\nMedians. A ratio is MantisDB's figure divided by the peer's.\n", subject)
	p.line("| figure | value bytes | best peer | ratio | goal | reached |\n|---|---:|---|---:|---:|---|")
	for _, g := range p.goalList() {
		for _, bytes := range p.sizes {
			p.goal(g, bytes)
		}
	}
}

func (p *page) goal(g goal, bytes int) {
	own := p.over(cell{subject, g.phase, bytes}, g.figure)
	if !own.known {
		return
	}
	if g.bound != 0 {
		p.line("| %s | %d | | %.2f | at most %.1f | %s |", g.title, bytes, own.median, g.bound, yes(own.median <= g.bound))
		return
	}
	peer, best := p.bestPeer(g, bytes)
	if peer == "" || best == 0 {
		return
	}
	ratio, word := own.median/best, "at least"
	reached := ratio >= g.ratio
	if g.lower {
		word, reached = "at most", ratio <= g.ratio
	}
	p.line("| %s | %d | %s | %.2f | %s %.1f | %s |", g.title, bytes, peer, ratio, word, g.ratio, yes(reached))
}

// bestPeer is the peer with the best median, and that.
func (p *page) bestPeer(g goal, bytes int) (name string, best float64) {
	for _, engine := range p.names() {
		if isOurs(engine) || g.excluded != nil && g.excluded(engine) {
			continue
		}
		v := p.over(cell{engine, g.phase, bytes}, g.figure)
		if v.known && (name == "" || (v.median < best) == g.lower && v.median != best) {
			name, best = engine, v.median
		}
	}
	return name, best
}

func yes(reached bool) string {
	if reached {
		return "yes"
	}
	return "no"
}
