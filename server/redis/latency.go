package redis

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mantisdb/mantisdb/server/figures"
)

// The events that are recorded: a command that takes longer than
// latency-monitor-threshold, by whether it is one that should be fast.
const (
	eventCommand     = "command"
	eventFastCommand = "fast-command"
)

// latencyEvents are the events that took long, by their names.
type latencyEvents struct {
	mu     sync.Mutex
	byName map[string]*latencyEvent
}

type latencyEvent struct {
	samples []latencySample // the oldest first
	max     int64           // of all there were, in milliseconds
}

// latencySample is the longest that an event took in a second.
type latencySample struct {
	at     int64 // Unix seconds
	millis int64
}

// latencySamples is how many samples are kept of an event.
const latencySamples = 160

func (l *latencyEvents) add(name string, at, millis int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byName == nil {
		l.byName = make(map[string]*latencyEvent)
	}
	e := l.byName[name]
	if e == nil {
		e = &latencyEvent{}
		l.byName[name] = e
	}
	e.max = max(e.max, millis)
	if n := len(e.samples); n > 0 && e.samples[n-1].at == at {
		e.samples[n-1].millis = max(e.samples[n-1].millis, millis)
		return
	}
	if len(e.samples) == latencySamples {
		e.samples = slices.Delete(e.samples, 0, 1)
	}
	e.samples = append(e.samples, latencySample{at, millis})
}

// snapshot is a copy of the events, and their names in order.
func (l *latencyEvents) snapshot() (names []string, events map[string]latencyEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events = make(map[string]latencyEvent, len(l.byName))
	for name, e := range l.byName {
		events[name] = latencyEvent{slices.Clone(e.samples), e.max}
	}
	return slices.Sorted(maps.Keys(events)), events
}

// reset forgets events, all if none is named, and tells how many there were.
func (l *latencyEvents) reset(names []string) (forgotten int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if names == nil {
		names = slices.Collect(maps.Keys(l.byName))
	}
	for _, name := range names {
		if l.byName[name] != nil {
			delete(l.byName, name)
			forgotten++
		}
	}
	return forgotten
}

func latencyCommand() *Command {
	const flags = flagAdmin | flagNoScript | flagLoading | flagStale
	return &Command{Name: "latency", Arity: -2, Group: "server",
		Summary: "A container for latency diagnostics commands.", Since: "2.8.13", Complexity: "Depends on subcommand.",
		Subcommands: subcommands(
			&Command{Name: "latest", Arity: 2, Flags: flags, Group: "server",
				Summary: "Returns of each event the sample that came last, and the longest.", Since: "2.8.13", Complexity: "O(1)", run: latencyLatest},
			&Command{Name: "history", Arity: 3, Flags: flags, Group: "server", Syntax: "<event>",
				Summary: "Returns the samples of an event, each a time and milliseconds.", Since: "2.8.13", Complexity: "O(1)", run: latencyHistory},
			&Command{Name: "reset", Arity: -2, Flags: flags, Group: "server", Syntax: "[<event> ...]",
				Summary: "Forgets the samples of events, or of all (default).", Since: "2.8.13", Complexity: "O(1)", run: latencyReset},
			&Command{Name: "doctor", Arity: 2, Flags: flags, Group: "server",
				Summary: "Returns a report for people.", Since: "2.8.13", Complexity: "O(1)", run: latencyDoctor},
			&Command{Name: "histogram", Arity: -2, Flags: flags, Group: "server", Syntax: "[<command> ...]",
				Summary: "Returns how many calls of commands took up to how many microseconds.", Since: "7.0.0",
				Complexity: "O(N) where N is the number of commands", run: latencyHistogram},
		)}
}

func latencyLatest(r *Request) error {
	names, events := r.server.slow.events.snapshot()
	r.out.Array(len(names))
	for _, name := range names {
		e := events[name]
		last := e.samples[len(e.samples)-1]
		r.out.Array(4)
		r.out.BulkString(name)
		r.out.Int(last.at)
		r.out.Int(last.millis)
		r.out.Int(e.max)
	}
	return nil
}

func latencyHistory(r *Request) error {
	_, events := r.server.slow.events.snapshot()
	samples := events[string(r.args[2])].samples
	r.out.Array(len(samples))
	for _, s := range samples {
		r.out.Array(2)
		r.out.Int(s.at)
		r.out.Int(s.millis)
	}
	return nil
}

func latencyReset(r *Request) error {
	var names []string
	for _, arg := range r.args[2:] {
		names = append(names, string(arg))
	}
	r.out.Int(int64(r.server.slow.events.reset(names)))
	return nil
}

func latencyDoctor(r *Request) error {
	var report strings.Builder
	names, events := r.server.slow.events.snapshot()
	switch from := r.server.slow.eventFrom.Load(); {
	case from == 0:
		report.WriteString("Latency monitoring is off. Set latency-monitor-threshold to the milliseconds from which on an event is too slow for you, as with CONFIG SET latency-monitor-threshold 100.\n")
	case len(names) == 0:
		fmt.Fprintf(&report, "Nothing took %d milliseconds or longer since monitoring began or was reset.\n", from)
	}
	for _, name := range names {
		e := events[name]
		sum := int64(0)
		for _, s := range e.samples {
			sum += s.millis
		}
		fmt.Fprintf(&report, "%s: slow in %d seconds, on average %d ms, at most %d ms. SLOWLOG GET tells which commands these were.\n",
			name, len(e.samples), sum/int64(len(e.samples)), e.max)
	}
	r.out.Verbatim("txt", report.String())
	return nil
}

// latencyHistogram is LATENCY HISTOGRAM [command ...]. A command stands for its
// subcommands too, and one that was never called is left out.
func latencyHistogram(r *Request) error {
	var found []figures.Command
	for _, cmd := range r.histogramCommands() {
		if f := cmd.snapshot(); f.Calls > 0 {
			found = append(found, f)
		}
	}
	r.out.Map(len(found))
	for _, f := range found {
		r.out.BulkString(f.Name)
		r.out.Map(2)
		r.out.BulkString("calls")
		r.out.Int(f.Calls)
		r.out.BulkString("histogram_usec")
		r.replyLatencies(&f.Latencies)
	}
	return nil
}

func (r *Request) histogramCommands() []*Command {
	all := r.server.table.all()
	if len(r.args) == 2 {
		return all
	}
	var wanted []*Command
	for _, arg := range r.args[2:] {
		named := r.server.table.named(string(arg))
		for _, cmd := range all {
			if cmd == named || named != nil && named.parent == "" && cmd.parent == named.Name {
				wanted = append(wanted, cmd)
			}
		}
	}
	return wanted
}

// replyLatencies writes how many calls took up to how many microseconds, of each number
// at which there are more than of the one before.
func (r *Request) replyLatencies(l *figures.Latencies) {
	type point struct{ micros, calls int64 }
	var points []point
	below := int64(0)
	for bucket, calls := range l {
		below += calls
		micros := max(figures.BucketEnd(bucket).Microseconds(), 1)
		if n := len(points); n > 0 && points[n-1].micros == micros {
			points[n-1].calls = below
		} else if calls > 0 {
			points = append(points, point{micros, below})
		}
	}
	r.out.Map(len(points))
	for _, p := range points {
		r.out.Int(p.micros)
		r.out.Int(p.calls)
	}
}
