package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/mantisdb/mantisdb/cluster/simulation"
)

// A table has a column for each report.
type table struct {
	rows    *tabwriter.Writer
	reports []simulation.Report
}

func printTable(out io.Writer, reports []simulation.Report) error {
	t := table{tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight), reports}
	t.row("nodes", func(r simulation.Report) string { return humanize.Comma(int64(r.Config.Nodes)) })
	t.row("shards", func(r simulation.Report) string { return humanize.Comma(int64(r.Config.Shards)) })
	first := reports[0]
	if first.Balance != nil {
		t.head("balance")
		t.balance("", func(r simulation.Report) simulation.Balance { return *r.Balance })
		t.row("sets of nodes", func(r simulation.Report) string { return humanize.Comma(int64(r.Balance.Sets)) })
		t.row("peers of a node, mean", func(r simulation.Report) string { return number(r.Balance.Peers.Mean) })
	}
	if first.Changes != nil {
		t.change("loss of a node", func(r simulation.Report) simulation.Change { return r.Changes.Loss })
		t.change("drain of a node", func(r simulation.Report) simulation.Change { return r.Changes.Drain })
		t.change("join of a node", func(r simulation.Report) simulation.Change { return r.Changes.Join })
		t.change("loss of a zone", func(r simulation.Report) simulation.Change { return r.Changes.Zone })
	}
	for i := range first.Blasts {
		t.head(fmt.Sprintf("%d nodes at the same time", first.Blasts[i].Failures))
		t.blast("", func(r simulation.Report) simulation.Blast { return r.Blasts[i] })
		t.blast("copysets: ", func(r simulation.Report) simulation.Blast { return r.Copysets[i] })
	}
	if first.Year != nil {
		t.year()
	}
	if first.Control != nil {
		t.control()
	}
	return t.rows.Flush()
}

// row prints one figure of all reports. Columns are aligned to the right, so the name, which is
// not, is padded.
func (t table) row(name string, figure func(simulation.Report) string) {
	fmt.Fprintf(t.rows, "%-38s\t", name)
	for _, report := range t.reports {
		fmt.Fprintf(t.rows, "%s\t", figure(report))
	}
	fmt.Fprintln(t.rows)
}

func (t table) head(name string) {
	fmt.Fprintf(t.rows, "%-38s\t%s\n", "", strings.Repeat("\t", len(t.reports)))
	fmt.Fprintf(t.rows, "%-38s\t%s\n", name, strings.Repeat("\t", len(t.reports)))
}

func (t table) balance(name string, of func(simulation.Report) simulation.Balance) {
	for _, what := range []struct {
		name string
		of   func(simulation.Balance) simulation.Spread
	}{
		{"replicas", func(b simulation.Balance) simulation.Spread { return b.Replicas }},
		{"leaders", func(b simulation.Balance) simulation.Spread { return b.Leaders }},
	} {
		t.row(what.name+" a node"+name, func(r simulation.Report) string {
			spread := what.of(of(r))
			return fmt.Sprintf("%d-%d", spread.Least, spread.Greatest)
		})
		t.row(what.name+", greatest/mean"+name, func(r simulation.Report) string {
			return fmt.Sprintf("%.3f", what.of(of(r)).Imbalance())
		})
	}
}

func (t table) change(name string, of func(simulation.Report) simulation.Change) {
	t.head(name)
	count := func(name string, of func(simulation.Change) int, from func(simulation.Report) simulation.Change) {
		t.row(name, func(r simulation.Report) string { return humanize.Comma(int64(of(from(r)))) })
	}
	count("moves", func(c simulation.Change) int { return c.Moves }, of)
	count("of these, between others", func(c simulation.Change) int { return c.Else }, of)
	t.row("bytes", func(r simulation.Report) string { return humanize.IBytes(uint64(of(r).Bytes)) })
	t.row("time", func(r simulation.Report) string { return span(of(r).Seconds) })
	count("nodes that send", func(c simulation.Change) int { return c.Senders }, of)
	count("nodes that receive", func(c simulation.Change) int { return c.Receivers }, of)
	count("shards without a majority", func(c simulation.Change) int { return c.Stuck }, of)
	t.balance(" before", func(r simulation.Report) simulation.Balance { return of(r).Before })
	t.balance(" after", func(r simulation.Report) simulation.Balance { return of(r).After })
	count("transfers of leads", func(c simulation.Change) int { return c.Transfers }, of)
}

func (t table) blast(name string, of func(simulation.Report) simulation.Blast) {
	for _, what := range []struct {
		name string
		of   func(simulation.Blast) float64
	}{
		{"some shard loses its majority", func(b simulation.Blast) float64 { return b.Majority }},
		{"then, part of the keys", func(b simulation.Blast) float64 { return b.MajorityHit }},
		{"part of the keys, mean", func(b simulation.Blast) float64 { return b.MajorityShare }},
		{"some shard loses all copies", func(b simulation.Blast) float64 { return b.Copies }},
		{"then, part of the keys", func(b simulation.Blast) float64 { return b.CopiesHit }},
	} {
		t.row(name+what.name, func(r simulation.Report) string { return percent(what.of(of(r))) })
	}
}

func (t table) year() {
	t.head("a year")
	for _, what := range []struct {
		name string
		of   func(simulation.Year) string
	}{
		{"disks that failed", func(y simulation.Year) string { return number(y.DiskFailures) }},
		{"restarts", func(y simulation.Year) string { return number(y.Restarts) }},
		{"outages of zones", func(y simulation.Year) string { return number(y.ZoneOutages) }},
		{"copied", func(y simulation.Year) string { return humanize.IBytes(uint64(y.Copied)) }},
		{"part of shards short of a copy", func(y simulation.Year) string { return percent(y.Degraded) }},
		{"shards revived from one copy", func(y simulation.Year) string { return number(y.Revived) }},
		{"shards lost", func(y simulation.Year) string { return number(y.Lost) }},
		{"without a majority, a shard", func(y simulation.Year) string { return span(y.NoMajority * 365.25 * 86400) }},
		{"in elections, a shard", func(y simulation.Year) string { return span(y.Electing * 365.25 * 86400) }},
		{"available", func(y simulation.Year) string { return fmt.Sprintf("%.5f%%", 100*(1-y.Unavailable())) }},
	} {
		t.row(what.name, func(r simulation.Report) string { return what.of(*r.Year) })
	}
}

func (t table) control() {
	t.head("control")
	for _, what := range []struct {
		name string
		of   func(simulation.Control) string
	}{
		{"groups a node", func(c simulation.Control) string { return number(c.Groups) }},
		{"memory a node", func(c simulation.Control) string { return humanize.IBytes(uint64(c.Memory)) }},
		{"goroutines a node", func(c simulation.Control) string { return number(c.Tasks) }},
		{"connections a node", func(c simulation.Control) string { return number(float64(c.Connections)) }},
		{"of these, to peers of its groups", func(c simulation.Control) string { return number(c.Peers) }},
		{"heartbeats a node, messages/s", func(c simulation.Control) string { return number(c.Plain) }},
		{"coalesced", func(c simulation.Control) string { return number(c.Coalesced) }},
		{"of active groups alone", func(c simulation.Control) string { return number(c.Quiescent) }},
		{"both", func(c simulation.Control) string { return number(c.Both) }},
		{"to the meta leader, messages/s", func(c simulation.Control) string { return number(c.Liveness) }},
		{"shard map", func(c simulation.Control) string { return humanize.IBytes(uint64(c.MapBytes)) }},
		{"a change of it", func(c simulation.Control) string { return humanize.IBytes(uint64(c.DeltaBytes)) }},
		{"until all have the change", func(c simulation.Control) string { return span(c.DeltaSpread) }},
		{"until all have the map", func(c simulation.Control) string { return span(c.MapSpread) }},
		{"the map through a tree", func(c simulation.Control) string { return span(c.TreeSpread) }},
	} {
		t.row(what.name, func(r simulation.Report) string { return what.of(*r.Control) })
	}
}

// number has three digits, or all that are before the point.
func number(x float64) string {
	if x >= 100 || x == math.Trunc(x) {
		return humanize.Comma(int64(math.Round(x)))
	}
	return fmt.Sprintf("%.3g", x)
}

func percent(part float64) string { return fmt.Sprintf("%.3g%%", 100*part) }

// span is a time of three digits or so.
func span(seconds float64) string {
	whole := time.Duration(seconds * float64(time.Second))
	switch {
	case whole >= 100*time.Second:
		return whole.Round(time.Second).String()
	case whole >= time.Second:
		return whole.Round(10 * time.Millisecond).String()
	}
	return whole.Round(10 * time.Microsecond).String()
}
