package redis

import (
	"slices"
	"strings"
)

// keyAccess says what a command does to some of its keys, in the words of Redis: RO reads
// them, RW changes, OW replaces and RM removes them; and access, update, insert or delete
// is what happens to their values.
type keyAccess struct {
	keys  KeySpec
	flags string // separated by spaces
}

// What most commands do.
const (
	accessRead      = "RO access"
	accessExistence = "RO"
	accessUpdate    = "RW update"
	accessBoth      = "RW access update"
	accessReplace   = "OW update"
	accessInsert    = "OW insert"
	accessRemove    = "RM delete"
	accessTake      = "RW access delete"
	// accessVaries is at most accessBoth, and depends on the arguments.
	accessVaries = "RW access update variable_flags"
)

// keyAccesses are those of commands that their flags do not tell.
var keyAccesses = map[string]string{
	"set": accessVaries, "setex": accessReplace, "psetex": accessReplace, "mset": accessReplace,
	"setnx": accessInsert, "msetnx": accessInsert, "restore": accessReplace,
	"append": "RW insert", "getset": accessBoth, "getex": accessBoth, "getdel": accessTake,
	"incr": accessBoth, "incrby": accessBoth, "incrbyfloat": accessBoth, "decr": accessBoth, "decrby": accessBoth,
	"move": accessBoth, "setbit": accessBoth, "bitfield": accessVaries,
	"del": accessRemove, "unlink": accessRemove,
	"exists": accessExistence, "type": accessExistence, "strlen": accessExistence, "touch": accessExistence, "watch": accessExistence,
	"memory|usage": accessExistence, "object|encoding": accessExistence, "object|freq": accessExistence,
	"object|idletime": accessExistence, "object|refcount": accessExistence,
}

// accesses are what the command does to its keys.
func (c *Command) accesses() []keyAccess {
	first, second := KeySpec{1, 1, 1}, KeySpec{2, 2, 1}
	switch c.fullName() {
	case "rename":
		return []keyAccess{{first, accessTake}, {second, accessReplace}}
	case "renamenx":
		return []keyAccess{{first, accessTake}, {second, accessInsert}}
	case "copy":
		return []keyAccess{{first, accessRead}, {second, accessReplace}}
	case "bitop":
		return []keyAccess{{second, "OW update"}, {KeySpec{3, -1, 1}, accessRead}}
	}
	if c.Keys.Step == 0 {
		return nil
	}
	flags, ok := keyAccesses[c.fullName()]
	switch {
	case ok:
	case c.has(flagWrite):
		flags = accessUpdate
	default:
		flags = accessRead
	}
	return []keyAccess{{c.Keys, flags}}
}

// words are the flags one by one.
func (a *keyAccess) words() []string { return strings.Fields(a.flags) }

// of is what a command does to its keys with certain arguments.
func (a *keyAccess) of(cmd *Command, args [][]byte) []string {
	flags := a.flags
	switch cmd.fullName() {
	case "set":
		flags = accessReplace
		if hasWord(args[3:], "GET") {
			flags = accessBoth
		}
	case "bitfield":
		flags = accessRead
		if hasWord(args[2:], "SET") || hasWord(args[2:], "INCRBY") {
			flags = accessBoth
		}
	}
	return strings.Fields(flags)
}

// needs tells which rights to its keys a command needs with certain arguments. What
// replaces or removes a value need not read it; all else tells something of it.
func (a *keyAccess) needs(cmd *Command, args [][]byte) (reads, writes bool) {
	switch a.of(cmd, args)[0] {
	case "RO":
		return true, false
	case "OW", "RM":
		return false, true
	}
	return true, true
}

// hasWord tells whether a word is among arguments.
func hasWord(args [][]byte, word string) bool {
	return slices.ContainsFunc(args, func(arg []byte) bool { return is(arg, word) })
}
