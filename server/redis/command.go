package redis

import (
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/server/figures"
)

// Command is one that clients may send, or a subcommand of one.
type Command struct {
	Name string // in small letters
	// Arity is how many arguments it takes, its name included; -n is at least n.
	Arity int
	Flags Flags
	Keys  KeySpec
	// Group, Summary, Since and Complexity are what COMMAND DOCS tells.
	Group, Summary, Since, Complexity string

	// run executes it. If it touches keys, it does so in the request's transaction, and
	// may be called again for the same request if others have come between.
	run func(r *Request) error
	// direct, if there is one, is used instead where no transaction is under way. It is the
	// same function if that asks r.tx itself.
	direct func(r *Request) error
	// across, if there is one, is used in a cluster instead, for a command that concerns the
	// keys of all shards.
	across func(r *Request) error
	// Subcommands are those of a command that is nothing by itself, by name.
	Subcommands map[string]*Command
	// Tips are what a client that knows the cluster is told of a command for several nodes:
	// which ones, and what it makes of their replies.
	Tips []string
	// Syntax is how its arguments are written, as HELP and COMMAND DOCS tell it; see
	// parseSyntax.
	Syntax string

	parent    string      // the name of the command that this is a subcommand of
	arguments []*argument // of Syntax
	figures   commandFigures
}

// Flags tell what a command does.
type Flags uint32

// The flags. Their names are those of Redis.
const (
	flagWrite    Flags = 1 << iota // may write keys
	flagReadonly                   // reads keys, and writes none
	flagDenyOOM                    // takes memory
	flagAdmin                      // concerns the server
	flagPubSub
	flagNoAuth  // may be sent before authentication
	flagNoMulti // may not stand between MULTI and EXEC
	flagFast    // takes constant time, or nearly
	flagStale
	flagLoading
	flagNoScript
	flagSubscribed // may be sent by a subscriber of version 2
	flagSkipSlowlog
	flagMovableKeys // where its keys are depends on its arguments
	flagNoMandatoryKeys
	flagNoAsyncLoading
	flagAllowBusy
	flagMayReplicate // is held up with writes, though it writes no keys
	flagBrief        // is seldom long, though Redis does not call it fast
)

// KeySpec says which arguments are keys: from First to Last, every Step-th. A Last below
// zero counts from the end. Without keys, all are zero.
type KeySpec struct{ First, Last, Step int }

var (
	oneKey   = KeySpec{1, 1, 1}
	twoKeys  = KeySpec{1, 2, 1}
	allKeys  = KeySpec{1, -1, 1}
	keyPairs = KeySpec{1, -1, 2}
)

// of are the keys of a command's arguments.
func (k KeySpec) of(args [][]byte) [][]byte {
	if k.Step == 0 {
		return nil
	}
	last := k.Last
	if last < 0 {
		last += len(args)
	}
	var keys [][]byte
	for i := k.First; i <= last && i < len(args); i += k.Step {
		keys = append(keys, args[i])
	}
	return keys
}

func (c *Command) has(f Flags) bool { return c.Flags&f != 0 }

// touchesKeys tells whether it runs in a transaction.
func (c *Command) touchesKeys() bool { return c.has(flagWrite | flagReadonly) }

// takes tells whether it takes so many arguments, its name included.
func (c *Command) takes(n int) bool { return n == c.Arity || c.Arity < 0 && n >= -c.Arity }

// fullName is the name with that of the command of which this is a subcommand.
func (c *Command) fullName() string {
	if c.parent == "" {
		return c.Name
	}
	return c.parent + "|" + c.Name
}

// commandTable are the commands by name.
type commandTable map[string]*Command

// newCommandTable is all that this package knows.
func newCommandTable() commandTable {
	table, shards := commandTable{}, figures.Shards()
	for _, family := range [][]*Command{
		stringCommands(), bitCommands(), keyCommands(), expiryCommands(), iterationCommands(),
		dumpCommands(), connectionCommands(), clientCommands(), transactionCommands(),
		pubsubCommands(), configCommands(), introspectionCommands(), serverCommands(), aclCommands(), clusterCommands(),
	} {
		for _, c := range family {
			table[c.Name] = c
			c.addHelp()
			c.complete("", shards)
			for _, sub := range c.Subcommands {
				sub.complete(c.Name, shards)
			}
		}
	}
	return table
}

// complete adds what a command of a table has beyond what was written down of it; parent
// is the name of the command that it is a subcommand of.
func (c *Command) complete(parent string, shards int) {
	arguments, err := parseSyntax(c.Syntax)
	if err != nil { // which a test of the table finds
		panic(err)
	}
	c.parent, c.arguments, c.figures = parent, arguments, make(commandFigures, shards)
}

// each are the commands and their subcommands, in no order.
func (t commandTable) each(yield func(*Command) bool) {
	for _, c := range t {
		if !yield(c) {
			return
		}
		for _, sub := range c.Subcommands {
			if !yield(sub) {
				return
			}
		}
	}
}

// all are those of each, in the order of their full names.
func (t commandTable) all() []*Command { return slices.SortedFunc(t.each, compareNames) }

func compareNames(a, b *Command) int { return strings.Compare(a.fullName(), b.fullName()) }

// top are the commands without subcommands, in the order of their names.
func (t commandTable) top() []*Command {
	return slices.DeleteFunc(t.all(), func(c *Command) bool { return c.parent != "" })
}

// named is the command of a full name, as "config|get"; nil if there is none.
func (t commandTable) named(name string) *Command {
	parent, sub, isSub := strings.Cut(strings.ToLower(name), "|")
	c := t[parent]
	if c != nil && isSub {
		c = c.Subcommands[sub]
	}
	return c
}

// subcommands makes the map of a list.
func subcommands(list ...*Command) map[string]*Command {
	m := make(map[string]*Command, len(list))
	for _, c := range list {
		m[c.Name] = c
	}
	return m
}

// longestName is more than any command's name takes.
const longestName = 32

// find is the command of a name, in letters of any case; nil if there is none.
func (t commandTable) find(name []byte) *Command {
	var lower [longestName]byte
	if len(name) > len(lower) {
		return nil
	}
	return t[string(appendLower(lower[:0], name))]
}

// appendLower appends name in small letters.
func appendLower(dst, name []byte) []byte {
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// is tells whether an argument is a word, in letters of any case. The word is in
// capitals.
func is(arg []byte, word string) bool {
	return len(arg) == len(word) && strings.EqualFold(string(arg), word)
}

// resolve is the command that arguments name, a subcommand if they do, or the error that
// Redis replies; with the command, if there is one and only their number is wrong.
func (t commandTable) resolve(args [][]byte) (*Command, error) {
	c := t.find(args[0])
	if c == nil {
		return nil, unknownCommand(args)
	}
	if c.Subcommands != nil && len(args) > 1 {
		sub := c.Subcommands[strings.ToLower(string(args[1]))]
		if sub == nil {
			return nil, Error("ERR unknown subcommand '" + printable(args[1], 128) + "'. Try " + strings.ToUpper(c.Name) + " HELP.")
		}
		c = sub
	}
	if !c.takes(len(args)) {
		return c, Error("ERR wrong number of arguments for '" + c.fullName() + "' command")
	}
	return c, nil
}

func unknownCommand(args [][]byte) error {
	var begin strings.Builder
	for _, arg := range args[1:] {
		if begin.Len() >= 128 {
			break
		}
		begin.WriteString("'" + printable(arg, 128-begin.Len()) + "' ")
	}
	return Error("ERR unknown command '" + printable(args[0], 128) + "', with args beginning with: " + begin.String())
}

// printable is the beginning of an argument.
func printable(arg []byte, length int) string { return string(arg[:min(len(arg), length)]) }
