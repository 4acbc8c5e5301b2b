package redis

import (
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/internal/glob"
)

func introspectionCommands() []*Command {
	const flags = flagLoading | flagStale
	return []*Command{
		{Name: "command", Arity: -1, Flags: flags, Group: "server",
			Summary: "Returns details of all commands.", Since: "2.8.13", Complexity: "O(N) where N is the total number of commands", run: commandAll,
			Subcommands: subcommands(
				&Command{Name: "count", Arity: 2, Flags: flags, Group: "server",
					Summary: "Returns how many commands there are.", Since: "2.8.13", Complexity: "O(1)", run: commandCount},
				&Command{Name: "info", Arity: -2, Flags: flags, Group: "server", Syntax: "[<command> ...]",
					Summary: "Returns details of some commands, or of all.", Since: "2.8.13", Complexity: "O(N) where N is the number of commands to look up", run: commandInfo},
				&Command{Name: "docs", Arity: -2, Flags: flags, Group: "server", Syntax: "[<command> ...]",
					Summary: "Returns what some commands are for, or all.", Since: "7.0.0", Complexity: "O(N) where N is the number of commands to look up", run: commandDocs},
				&Command{Name: "list", Arity: -2, Flags: flags, Group: "server", Syntax: "[FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
					Summary: "Returns the names of commands.", Since: "7.0.0", Complexity: "O(N) where N is the total number of commands", run: commandList},
				&Command{Name: "getkeys", Arity: -4, Flags: flags, Group: "server", Syntax: "<command> <arg> [<arg> ...]",
					Summary: "Returns which of a command's arguments are keys.", Since: "2.8.13", Complexity: "O(N) where N is the number of arguments to the command", run: commandGetKeys},
				&Command{Name: "getkeysandflags", Arity: -4, Flags: flags, Group: "server", Syntax: "<command> <arg> [<arg> ...]",
					Summary: "Returns which of a command's arguments are keys, and what is done to them.", Since: "7.0.0", Complexity: "O(N) where N is the number of arguments to the command", run: commandGetKeysAndFlags},
			)},
	}
}

func commandAll(r *Request) error {
	r.replyCommands(r.server.table.top())
	return nil
}

func commandCount(r *Request) error {
	r.out.Int(int64(len(r.server.table)))
	return nil
}

// commandInfo is COMMAND INFO [command ...]. Of a command that there is not, it replies
// nothing in its place.
func commandInfo(r *Request) error {
	if len(r.args) == 2 {
		return commandAll(r)
	}
	r.out.Array(len(r.args) - 2)
	for _, arg := range r.args[2:] {
		if cmd := r.server.table.named(string(arg)); cmd != nil {
			r.replyCommand(cmd)
		} else {
			r.out.Null()
		}
	}
	return nil
}

// commandList is COMMAND LIST [FILTERBY MODULE | ACLCAT | PATTERN value].
func commandList(r *Request) error {
	wants := func(*Command) bool { return true }
	switch n := len(r.args); {
	case n == 2:
	case n != 5 || !is(r.args[2], "FILTERBY"):
		return errSyntax
	default:
		value := string(r.args[4])
		switch kind := r.args[3]; {
		case is(kind, "MODULE"):
			wants = func(*Command) bool { return false } // there are no modules
		case is(kind, "ACLCAT"):
			wants = func(c *Command) bool { return slices.Contains(c.categories(), category(strings.ToLower(value))) }
		case is(kind, "PATTERN"):
			wants = func(c *Command) bool { return glob.Match(strings.ToLower(value), c.fullName()) }
		default:
			return errSyntax
		}
	}
	var names []string
	for _, cmd := range r.server.table.all() {
		if wants(cmd) {
			names = append(names, cmd.fullName())
		}
	}
	r.replyNames(names)
	return nil
}

func (r *Request) replyNames(names []string) {
	r.out.Array(len(names))
	for _, name := range names {
		r.out.BulkString(name)
	}
}

func commandGetKeys(r *Request) error {
	_, keys, err := r.keysOfCommand()
	if err != nil {
		return err
	}
	r.out.Array(len(keys))
	for _, key := range keys {
		r.out.Bulk(key.name)
	}
	return nil
}

func commandGetKeysAndFlags(r *Request) error {
	cmd, keys, err := r.keysOfCommand()
	if err != nil {
		return err
	}
	r.out.Array(len(keys))
	for _, key := range keys {
		r.out.Array(2)
		r.out.Bulk(key.name)
		words := key.access.of(cmd, r.args[2:])
		r.out.Set(len(words))
		for _, word := range words {
			r.out.Simple(word)
		}
	}
	return nil
}

// accessedKey is a key and what a command does to it.
type accessedKey struct {
	name   []byte
	access keyAccess
}

// keysOfCommand are the keys of the command that the arguments are, in the order in which
// they stand.
func (r *Request) keysOfCommand() (*Command, []accessedKey, error) {
	args := r.args[2:]
	cmd, err := r.server.table.resolve(args)
	switch {
	case cmd == nil:
		return nil, nil, Error("ERR Invalid command specified")
	case len(cmd.accesses()) == 0:
		return nil, nil, Error("ERR The command has no key arguments")
	case err != nil:
		return nil, nil, Error("ERR Invalid number of arguments specified for command")
	}
	var keys []accessedKey
	for _, access := range cmd.accesses() {
		for _, name := range access.keys.of(args) {
			keys = append(keys, accessedKey{name, access})
		}
	}
	if len(keys) == 0 {
		return nil, nil, Error("ERR Invalid arguments specified for command")
	}
	return cmd, keys, nil
}
