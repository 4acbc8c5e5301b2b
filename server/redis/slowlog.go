package redis

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// slowLog has the slow commands that came last.
type slowLog struct {
	mu      sync.Mutex
	length  int // at most so many
	next    int64
	entries []slowEntry // the oldest first
}

type slowEntry struct {
	id      int64
	began   time.Time
	took    time.Duration
	args    []string
	address string
	name    string // of the client
}

// Bounds of what the log keeps of a command.
const (
	slowArgs     = 32
	slowArgBytes = 128
)

func (l *slowLog) add(e slowEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.id = l.next
	l.next++
	l.entries = append(l.entries, e)
	l.trim()
}

func (l *slowLog) trim() {
	if excess := len(l.entries) - l.length; excess > 0 {
		l.entries = slices.Delete(l.entries, 0, excess)
	}
}

func (l *slowLog) setLength(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.length = n
	l.trim()
}

func (l *slowLog) maxLength() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.length
}

func (l *slowLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

func (l *slowLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}

// newest are the n entries that came last, the last one first; all of them if n is below
// zero.
func (l *slowLog) newest(n int64) []slowEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.Clone(l.entries)
	slices.Reverse(list)
	if n >= 0 && n < int64(len(list)) {
		list = list[:n]
	}
	return list
}

// loggedArgs are a command's arguments as the log keeps them: without secrets, and not too
// long.
func (s *Server) loggedArgs(cmd *Command, args [][]byte) []string {
	kept := min(len(args), slowArgs)
	logged := make([]string, 0, kept)
	for i, arg := range args[:kept] {
		switch {
		case i == slowArgs-1 && len(args) > slowArgs:
			logged = append(logged, fmt.Sprintf("... (%d more arguments)", len(args)-i))
		case s.isSecret(cmd, args, i):
			logged = append(logged, "(redacted)")
		case len(arg) > slowArgBytes:
			logged = append(logged, fmt.Sprintf("%s... (%d more bytes)", arg[:slowArgBytes], len(arg)-slowArgBytes))
		default:
			logged = append(logged, string(arg))
		}
	}
	return logged
}

// isSecret tells whether an argument is a password, or might be one.
func (s *Server) isSecret(cmd *Command, args [][]byte, i int) bool {
	switch cmd.fullName() {
	case "auth":
		return i > 0
	case "acl|setuser":
		return i > 1
	case "hello":
		return i > 2 && is(args[i-1], "AUTH") || i > 3 && is(args[i-2], "AUTH")
	case "config|set":
		if i > 2 && i%2 == 1 {
			p := s.parameter(string(args[i-1]))
			return p == nil || p.secret
		}
	}
	return false
}

func slowlogCommand() *Command {
	const flags = flagAdmin | flagLoading | flagStale
	return &Command{Name: "slowlog", Arity: -2, Group: "server",
		Summary: "A container for slow log commands.", Since: "2.2.12", Complexity: "Depends on subcommand.",
		Subcommands: subcommands(
			&Command{Name: "get", Arity: -2, Flags: flags, Group: "server", Syntax: "[<count>]",
				Summary: "Returns the slow commands that came last (default: 10, -1: all): number, time, microseconds, arguments, address and name of the client.",
				Since:   "2.2.12", Complexity: "O(N) where N is the number of entries returned", run: slowlogGet},
			&Command{Name: "len", Arity: 2, Flags: flags, Group: "server",
				Summary: "Returns how many entries the slow log has.", Since: "2.2.12", Complexity: "O(1)", run: slowlogLen},
			&Command{Name: "reset", Arity: 2, Flags: flags, Group: "server",
				Summary: "Empties the slow log.", Since: "2.2.12", Complexity: "O(N) where N is the number of entries in the slowlog", run: slowlogReset},
		)}
}

const defaultSlowCount = 10

func slowlogGet(r *Request) error {
	count := int64(defaultSlowCount)
	switch {
	case len(r.args) > 3:
		return r.wrongSubcommand()
	case len(r.args) == 3:
		n, ok := parseInteger(r.args[2])
		if !ok || n < -1 {
			return Error("ERR count should be greater than or equal to -1")
		}
		count = n
	}
	entries := r.server.slow.log.newest(count)
	r.out.Array(len(entries))
	for _, e := range entries {
		r.out.Array(6)
		r.out.Int(e.id)
		r.out.Int(e.began.Unix())
		r.out.Int(e.took.Microseconds())
		r.out.Array(len(e.args))
		for _, arg := range e.args {
			r.out.BulkString(arg)
		}
		r.out.BulkString(e.address)
		r.out.BulkString(e.name)
	}
	return nil
}

func slowlogLen(r *Request) error {
	r.out.Int(int64(r.server.slow.log.count()))
	return nil
}

func slowlogReset(r *Request) error {
	r.server.slow.log.reset()
	r.out.OK()
	return nil
}
