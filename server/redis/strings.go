package redis

import (
	"errors"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

func stringCommands() []*Command {
	return append(readingCommands(), writingCommands()...)
}

// readingCommands are those that leave a string as it is.
func readingCommands() []*Command {
	const ofLength = "O(N) where N is the length of the reply."
	return []*Command{
		{Name: "get", Arity: 2, Flags: flagReadonly | flagFast, Keys: oneKey, Group: "string", Syntax: "<key>",
			Summary: "Returns the string value of a key.", Since: "1.0.0", Complexity: "O(1)", run: get, direct: get},
		{Name: "mget", Arity: -2, Flags: flagReadonly | flagFast, Keys: allKeys, Tips: tipsForSplit, Group: "string", Syntax: "<key> [<key> ...]",
			Summary: "Returns the string values of one or more keys, as of one moment.", Since: "1.0.0", Complexity: "O(N) where N is the number of keys to retrieve.", run: mget, direct: mget},
		{Name: "strlen", Arity: 2, Flags: flagReadonly | flagFast, Keys: oneKey, Group: "string", Syntax: "<key>",
			Summary: "Returns the length of a string value in bytes.", Since: "2.2.0", Complexity: "O(1)", run: strlen, direct: strlen},
		{Name: "getrange", Arity: 4, Flags: flagReadonly | flagBrief, Keys: oneKey, Group: "string", Syntax: "<key> <start> <end>",
			Summary: "Returns a part of the string stored at a key.", Since: "2.4.0", Complexity: ofLength, run: getrange, direct: getrange},
		{Name: "substr", Arity: 4, Flags: flagReadonly | flagBrief, Keys: oneKey, Group: "string", Syntax: "<key> <start> <end>",
			Summary: "Returns a part of the string stored at a key: the old name of GETRANGE.", Since: "1.0.0", Complexity: ofLength, run: getrange, direct: getrange},
		{Name: "lcs", Arity: -3, Flags: flagReadonly, Keys: twoKeys, Group: "string", Syntax: "<key1> <key2> [LEN] [IDX] [MINMATCHLEN <min-match-len>] [WITHMATCHLEN]",
			Summary: "Finds the longest common subsequence of two strings.", Since: "7.0.0", Complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively", run: lcs},
	}
}

func writingCommands() []*Command {
	const (
		write       = flagWrite | flagDenyOOM
		ofPairs     = "O(N) where N is the number of keys to set."
		ofValue     = "O(N) where N is the length of the whole value."
		stringGroup = "string"
	)
	return []*Command{
		{Name: "set", Arity: -3, Flags: write | flagBrief, Keys: oneKey, Group: stringGroup, Syntax: "<key> <value> [NX|XX] [GET] [EX <seconds>|PX <milliseconds>|EXAT <unix-time-seconds>|PXAT <unix-time-milliseconds>|KEEPTTL]",
			Summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: set, direct: set},
		{Name: "setnx", Arity: 3, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> <value>",
			Summary: "Sets the string value of a key only when the key doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: setnx, direct: setnx},
		{Name: "setex", Arity: 4, Flags: write | flagBrief, Keys: oneKey, Group: stringGroup, Syntax: "<key> <seconds> <value>",
			Summary: "Sets the string value of a key and when it expires, in seconds from now.", Since: "2.0.0", Complexity: "O(1)", run: setex, direct: setex},
		{Name: "psetex", Arity: 4, Flags: write | flagBrief, Keys: oneKey, Group: stringGroup, Syntax: "<key> <milliseconds> <value>",
			Summary: "Sets the string value of a key and when it expires, in milliseconds from now.", Since: "2.6.0", Complexity: "O(1)", run: psetex, direct: psetex},
		{Name: "mset", Arity: -3, Flags: write | flagBrief, Keys: keyPairs, Group: stringGroup, Syntax: "<key> <value> [<key> <value> ...]",
			Summary: "Sets the string values of one or more keys at once.", Since: "1.0.1", Complexity: ofPairs, run: mset, direct: mset},
		{Name: "msetnx", Arity: -3, Flags: write | flagBrief, Keys: keyPairs, Group: stringGroup, Syntax: "<key> <value> [<key> <value> ...]",
			Summary: "Sets the string values of one or more keys at once, if none of the keys exists.", Since: "1.0.1", Complexity: ofPairs, run: msetnx},
		{Name: "getset", Arity: 3, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> <value>",
			Summary: "Sets the string value of a key and returns the one before.", Since: "1.0.0", Complexity: "O(1)", run: getset, direct: getset},
		{Name: "getdel", Arity: 2, Flags: flagWrite | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key>",
			Summary: "Returns the string value of a key and deletes the key.", Since: "6.2.0", Complexity: "O(1)", run: getdel, direct: getdel},
		{Name: "getex", Arity: -2, Flags: flagWrite | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> [EX <seconds>|PX <milliseconds>|EXAT <unix-time-seconds>|PXAT <unix-time-milliseconds>|PERSIST]",
			Summary: "Returns the string value of a key and sets or removes its expiry.", Since: "6.2.0", Complexity: "O(1)", run: getex},
		{Name: "append", Arity: 3, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> <value>",
			Summary: "Appends a string to the value of a key. The key is created if it doesn't exist.", Since: "2.0.0", Complexity: ofValue, run: appendToKey, direct: appendToKey},
		{Name: "setrange", Arity: 4, Flags: write, Keys: oneKey, Group: stringGroup, Syntax: "<key> <offset> <value>",
			Summary: "Overwrites a part of a string value with another, from an offset on. The key is created if it doesn't exist.", Since: "2.2.0", Complexity: ofValue, run: setrange},
		{Name: "incr", Arity: 2, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key>",
			Summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: incr, direct: incr},
		{Name: "decr", Arity: 2, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key>",
			Summary: "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: decr, direct: decr},
		{Name: "incrby", Arity: 3, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> <increment>",
			Summary: "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: incrby, direct: incrby},
		{Name: "decrby", Arity: 3, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> <decrement>",
			Summary: "Decrements the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: decrby, direct: decrby},
		{Name: "incrbyfloat", Arity: 3, Flags: write | flagFast, Keys: oneKey, Group: stringGroup, Syntax: "<key> <number>",
			Summary: "Increments the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.", Since: "2.6.0", Complexity: "O(1)", run: incrbyfloat},
	}
}

func isNotFound(err error) bool { return errors.Is(err, mantisdb.ErrNotFound) }

func lower(arg []byte) string { return string(appendLower(nil, arg)) }

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// bulkOrNull replies a value, or that there is none.
func (r *Request) bulkOrNull(value []byte, found bool) {
	if found {
		r.out.Bulk(value)
	} else {
		r.out.Null()
	}
}
