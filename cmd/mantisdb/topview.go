package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// Counters of samples, of which rates are made.
var (
	gets      = func(s *sample) uint64 { return s.Gets }
	getHits   = func(s *sample) uint64 { return s.GetHits }
	puts      = func(s *sample) uint64 { return s.Puts }
	deletes   = func(s *sample) uint64 { return s.Deletes + s.RangeDeletes }
	batches   = func(s *sample) uint64 { return s.Batches }
	scans     = func(s *sample) uint64 { return s.Scans }
	scanKeys  = func(s *sample) uint64 { return s.ScanKeys }
	expired   = func(s *sample) uint64 { return s.Expired }
	evicted   = func(s *sample) uint64 { return s.Evicted }
	syncs     = func(s *sample) uint64 { return s.Syncs }
	flushed   = func(s *sample) uint64 { return s.FlushedBytes }
	compacted = func(s *sample) uint64 { return s.CompactedBytes }
	stalled   = func(s *sample) uint64 { return s.StallNanos }
	faults    = func(s *sample) uint64 { return s.BackgroundErrors }
	blockHits = func(s *sample) uint64 { return s.BlockCacheHits }
	blocks    = func(s *sample) uint64 { return s.BlockCacheHits + s.BlockCacheMisses }
	received  = func(s *sample) uint64 { return uint64(s.Redis.Traffic.Received) }
	sent      = func(s *sample) uint64 { return uint64(s.Redis.Traffic.Sent) }
	processor = func(s *sample) uint64 { return uint64(s.Process.CPU.User + s.Process.CPU.System) }
	all       = func(s *sample) uint64 { return s.Gets + s.Puts + s.Deletes + s.RangeDeletes + s.ScanKeys }
)

// topColumns are the columns of top's lines.
var topColumns = []struct {
	name  string
	width int
	text  func(c change) string
}{
	{"time", 8, func(c change) string { return c.to.at.Format(time.TimeOnly) }},
	{"get/s", 9, func(c change) string { return perSecond(c.rate(gets)) }},
	{"hit%", 6, func(c change) string { return percent(c.share(getHits, gets)) }},
	{"put/s", 9, func(c change) string { return perSecond(c.rate(puts)) }},
	{"del/s", 9, func(c change) string { return perSecond(c.rate(deletes)) }},
	{"scan/s", 9, func(c change) string { return perSecond(c.rate(scans)) }},
	{"p50", 8, func(c change) string { return overall(c, 50) }},
	{"p99", 8, func(c change) string { return overall(c, 99) }},
	{"keys", 11, func(c change) string { return fmt.Sprint(c.to.Keys) }},
	{"memory", 8, func(c change) string { return compactBytes(float64(c.to.MemoryBytes)) }},
	{"disk", 8, func(c change) string { return compactBytes(float64(c.to.DiskBytes)) }},
	{"log", 8, func(c change) string { return compactBytes(float64(c.to.LogBytes)) }},
	{"sync/s", 8, func(c change) string { return perSecond(c.rate(syncs)) }},
	{"cache%", 6, func(c change) string { return percent(c.share(blockHits, blocks)) }},
	{"flush/s", 8, func(c change) string { return compactBytes(c.rate(flushed)) }},
	{"merge/s", 8, func(c change) string { return compactBytes(c.rate(compacted)) }},
	{"stall%", 6, func(c change) string { return percent(c.rate(stalled)/1e9, true) }},
}

// topHeader is the line of the columns' names.
func topHeader() string {
	return columns(func(i int) string { return topColumns[i].name })
}

// topLine is the line of a change.
func topLine(c change) string {
	return columns(func(i int) string { return topColumns[i].text(c) })
}

func columns(text func(i int) string) string {
	fields := make([]string, len(topColumns))
	for i, column := range topColumns {
		fields[i] = fmt.Sprintf("%*s", column.width, text(i))
	}
	return strings.Join(fields, " ") + "\n"
}

// overall is a percentile of all requests of a server together.
func overall(c change, p float64) string {
	var sum figures.Latencies
	for _, l := range c.latencies() {
		for i, n := range l.Latencies {
			sum[i] += n
		}
	}
	return percentile(&sum, p)
}

// topView is what a terminal shows.
type topView struct {
	name     string // of the target
	interval time.Duration
	last     *sample // the newest one, nil before the first
	change   change  // of the last interval; empty before the second sample
	failure  error   // of the newest attempt to take a sample
}

// add takes a new sample, or what kept it from being taken.
func (v *topView) add(s *sample, err error) {
	v.failure = err
	if err != nil {
		return
	}
	if v.last != nil {
		v.change = change{v.last, s}
	} else {
		v.change = change{s, s}
	}
	v.last = s
}

// lines are what the view shows, the rows of requests at the end, with the index of the
// line that names their columns; -1 without any.
func (v *topView) lines() (lines []string, head int) {
	lines = []string{v.title(), ""}
	if v.failure != nil {
		lines = append(lines, "! "+oneLine(v.failure)+"; trying again", "")
	}
	if v.last == nil {
		return lines, -1
	}
	c := v.change
	lines = append(lines, v.operations(c)...)
	lines = append(lines, v.resources(c)...)
	requests := v.requests(c)
	if len(requests) == 0 {
		return lines, -1
	}
	lines = append(lines, "")
	return append(lines, requests...), len(lines)
}

func (v *topView) title() string {
	title := "mantisdb top  " + v.name
	if s := v.last; s != nil {
		title += fmt.Sprintf("  engine %s, %v", s.Engine, s.Durability)
		if s.Server.Uptime > 0 {
			title += "  up " + s.Server.Uptime.Round(time.Second).String()
		}
		title += "  " + s.at.Format(time.TimeOnly)
	}
	return title + fmt.Sprintf("  every %v  q quits", v.interval)
}

func (v *topView) operations(c change) []string {
	keys := humanize.Comma(int64(c.to.Keys))
	if c.to.KeysEstimated {
		keys = "about " + keys
	}
	return []string{
		row("operations", "%s/s   get %s/s (hit %s)   put %s/s   delete %s/s", perSecond(c.rate(all)), perSecond(c.rate(gets)),
			percent(c.share(getHits, gets)), perSecond(c.rate(puts)), perSecond(c.rate(deletes))),
		row("", "batch %s/s   scan %s/s (%s keys/s)", perSecond(c.rate(batches)), perSecond(c.rate(scans)), perSecond(c.rate(scanKeys))),
		row("keys", "%s   expired %s/s   snapshots %d (%d leaked)", keys, perSecond(c.rate(expired)), c.to.OpenSnapshots, c.to.LeakedSnapshots),
	}
}

func (v *topView) resources(c change) []string {
	s := c.to
	lines := []string{row("memory", "%s%s   allocator %s   not flushed %s   evicted %s/s", humanize.IBytes(s.MemoryBytes), ofLimit(s),
		humanize.IBytes(s.AllocatorBytes), humanize.IBytes(s.DirtyBytes), perSecond(c.rate(evicted)))}
	if s.Process.Memory.Resident > 0 {
		lines = append(lines, row("process", "resident %s   Go heap %s   processor %s   clients %d   in %s/s   out %s/s",
			humanize.IBytes(s.Process.Memory.Resident), humanize.IBytes(s.Process.Memory.Heap), percent(c.rate(processor)/1e9, true),
			s.Redis.Clients.Connected, compactBytes(c.rate(received)), compactBytes(c.rate(sent))))
	}
	if s.DiskBytes == 0 && s.Durability == mantisdb.DurabilityMemory {
		return lines
	}
	return append(lines,
		row("disk", "%s   segments %s", humanize.IBytes(s.DiskBytes), humanize.Comma(int64(s.Segments))),
		row("log", "%s to recover   %s syncs/s", humanize.IBytes(s.LogBytes), perSecond(c.rate(syncs))),
		row("cache", "%s of blocks (hit %s)   pinned %s", humanize.IBytes(s.BlockCacheBytes), percent(c.share(blockHits, blocks)), humanize.IBytes(s.PinnedBytes)),
		row("upkeep", "flush %s/s (%s)   compaction %s/s (%s)   writers held up %s   failures %s/s",
			compactBytes(c.rate(flushed)), humanize.Comma(int64(s.Flushes)), compactBytes(c.rate(compacted)), humanize.Comma(int64(s.Compactions)),
			percent(c.rate(stalled)/1e9, true), perSecond(c.rate(faults))),
	)
}

// ofLimit tells of a limit of memory, if there is one.
func ofLimit(s *sample) string {
	if s.MemoryLimit == 0 {
		return ""
	}
	return fmt.Sprintf(" of %s (%s)", humanize.IBytes(s.MemoryLimit), percent(float64(s.MemoryBytes)/float64(s.MemoryLimit), true))
}

// requests are the rows of commands and routes that were asked for, and above them the
// names of their columns.
func (v *topView) requests(c change) []string {
	all := c.latencies()
	if len(all) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%10s %9s %9s %9s %9s %9s  %s", "calls/s", "errors/s", "mean", "p50", "p99", "p99.9", "of")}
	for i := range all {
		l := &all[i]
		lines = append(lines, fmt.Sprintf("%10s %9s %9s %9s %9s %9s  %s", perSecond(l.rate), perSecond(l.failures), shortDuration(l.mean),
			percentile(&l.Latencies, 50), percentile(&l.Latencies, 99), percentile(&l.Latencies, 99.9), l.title))
	}
	return lines
}

func row(name, format string, args ...any) string {
	return fmt.Sprintf("%-11s", name) + fmt.Sprintf(format, args...)
}

// perSecond is a rate for a person.
func perSecond(rate float64) string {
	switch {
	case rate == 0:
		return "0"
	case rate < 10:
		return fmt.Sprintf("%.1f", rate)
	}
	return humanize.Comma(int64(rate + 0.5))
}

// percent is a share of 1, if there is one.
func percent(share float64, ok bool) string {
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

// compactBytes is a number of bytes without a space, for a column.
func compactBytes(n float64) string {
	return strings.ReplaceAll(humanize.IBytes(uint64(n)), " ", "")
}

// percentile is the duration that p of a hundred calls did not exceed, a dash without any.
func percentile(l *figures.Latencies, p float64) string {
	if l.Count() == 0 {
		return "-"
	}
	return shortDuration(l.Percentile(p))
}
