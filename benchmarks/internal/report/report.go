package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// page is a report being written.
type page struct {
	*samples
	out *bufio.Writer
}

// Write writes the report of files of records as Markdown.
func Write(out io.Writer, paths []string) error {
	s, err := read(paths)
	if err != nil {
		return err
	}
	p := &page{samples: s, out: bufio.NewWriter(out)}
	p.head()
	for _, bytes := range s.sizes {
		p.tables(bytes)
	}
	p.goals()
	p.settings()
	return p.out.Flush()
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

func (p *page) head() {
	keys := make([]string, len(p.keys))
	for i, n := range p.keys {
		keys[i] = count(float64(n))
	}
	p.line("# MantisDB beside its peers\n")
	p.line("%s keys of 16 bytes; median of %d rounds, with the lowest and the highest in brackets.", strings.Join(keys, ", "), p.rounds)
	p.line("What each figure is, and how the stores are set, says [the README](../README.md).")
}

// tables writes what was seen with values of one size.
func (p *page) tables(bytes int) {
	p.line("\n## Values of %d bytes", bytes)
	many := max(p.clients("sync", "sync_writes"), p.clients("memory", "random_writes"))
	at := func(scenario, workload string, threads int) phase { return phase{scenario, workload, threads} }

	p.table(bytes, "Writes, operations a second", []column{
		{fmt.Sprintf("sync, %d writers", many), at("sync", "sync_writes", many), opsPerSecond, count},
		{"buffered, new keys", at("memory", "load", 1), opsPerSecond, count},
		{"buffered, overwrites", at("memory", "random_writes", 1), opsPerSecond, count},
		{fmt.Sprintf("buffered, %d writers", many), at("memory", "random_writes", many), opsPerSecond, count},
	})
	p.table(bytes, "Uniform random reads, operations a second", []column{
		{"in memory", at("memory", "random_reads", 1), opsPerSecond, count},
		{fmt.Sprintf("in memory, %d readers", many), at("memory", "random_reads", many), opsPerSecond, count},
		{"4x the budget", at("larger", "random_reads", 1), opsPerSecond, count},
		{fmt.Sprintf("4x the budget, %d readers", many), at("larger", "random_reads", many), opsPerSecond, count},
	})
	p.latencies(bytes, fmt.Sprintf("Latency of sync writes, %d writers", many), at("sync", "sync_writes", many))
	p.latencies(bytes, "Latency of overwrites during compaction, as fast as they go", at("compaction", "overwrites", 1))
	p.latencies(bytes, "Latency of overwrites during compaction, at a fixed rate", at("compaction", "paced_overwrites", 1))
	p.table(bytes, "Memory and disk, MiB", []column{
		{"disk, settled", at("larger", "settled", 1), disk, mebibytes},
		{"disk, closed", at("larger", "closed", 1), disk, mebibytes},
		{"anon, in memory", at("memory", "random_reads", 1), anon, mebibytes},
		{"anon, 4x the budget", at("larger", "random_reads", many), anon, mebibytes},
		{"its peak while loading", at("larger", "load", 1), anonPeak, mebibytes},
		{"file, 4x the budget", at("larger", "random_reads", many), file, mebibytes},
		{"budget", at("larger", "random_reads", many), budget, mebibytes},
	})
	p.table(bytes, "Open after a kill", []column{
		{"time", at("recovery", "open_after_kill", 1), seconds, inSeconds},
		{"written before, MiB", at("recovery", "open_after_kill", 1), logged, mebibytes},
		{"writes replayed", at("recovery", "open_after_kill", 1), replayed, orUnknown(count)},
		{"acknowledged writes lost", at("recovery", "open_after_kill", 1), lost, count},
		{"anon, MiB", at("recovery", "open_after_kill", 1), anon, mebibytes},
	})
}

// latencies is the table of a phase's latencies.
func (p *page) latencies(bytes int, title string, of phase) {
	p.table(bytes, title, []column{
		{"ops/s", of, opsPerSecond, count},
		{"p50", of, p50, nanos},
		{"p99", of, p99, nanos},
		{"p99.9", of, p999, nanos},
		{"max", of, longest, nanos},
		{"MiB written", of, written, mebibytes},
	})
}

// table writes a table, a row an engine, unless nothing of it was measured.
func (p *page) table(bytes int, title string, columns []column) {
	var rows []string
	for _, engine := range p.names() {
		row, known := "| "+engine, false
		for _, c := range columns {
			v := p.over(cell{engine, c.phase, bytes}, c.figure)
			known = known || v.known
			row += " | " + v.text(c.format)
		}
		if known {
			rows = append(rows, row+" |")
		}
	}
	if len(rows) == 0 {
		return
	}
	head, rule := "| engine", "|---"
	for _, c := range columns {
		head += " | " + c.title
		rule += "|---:"
	}
	p.line("\n### %s\n\n%s |\n%s|", title, head, rule)
	for _, row := range rows {
		p.line("%s", row)
	}
}

// settings tells each engine's version and how it was set.
func (p *page) settings() {
	p.line("\n## Versions and settings\n\nThe settings are those of one run with the data in memory.\n")
	p.line("| engine | version | called from | settings |\n|---|---|---|---|")
	for _, engine := range p.names() {
		r := p.engines[engine]
		p.line("| %s | %s | %s | %s |", engine, r.Version, r.Language, r.Settings)
	}
}
