package redis

import (
	"bytes"
	"math"
	"strconv"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/glob"
)

func iterationCommands() []*Command {
	return []*Command{
		{Name: "scan", Arity: -2, Flags: flagReadonly, Group: "generic", Syntax: "<cursor> [MATCH <pattern>] [COUNT <count>] [TYPE <type>]",
			Summary: "Walks the keys of a database, some at a call.", Since: "2.8.0", Complexity: "O(1) for every call, O(N) for all calls of a walk, where N is the number of keys that begin as the pattern does.", run: scan, across: scanAcross},
		{Name: "keys", Arity: 2, Flags: flagReadonly, Tips: tipsForAll, Group: "generic", Syntax: "<pattern>",
			Summary: "Gives all keys that match a pattern.", Since: "1.0.0", Complexity: "O(N) where N is the number of keys that begin as the pattern does.", run: keysOf, across: keysAcross},
		{Name: "randomkey", Arity: 1, Flags: flagReadonly, Group: "generic",
			Summary: "Gives a random key.", Since: "1.0.0", Complexity: "O(1)", run: randomKey, across: randomKeyAcross},
		{Name: "dbsize", Arity: 1, Flags: flagReadonly | flagFast, Tips: tipsForTotal, Group: "server",
			Summary: "Counts the keys of the selected database.", Since: "1.0.0", Complexity: "O(N) after a write, else O(1).", run: databaseSize, direct: databaseSizeDirect, across: databaseSizeAcross},
	}
}

// defaultScanCount is how many keys a call of SCAN looks at that names no number.
const defaultScanCount = 10

// scanOptions are what may follow SCAN's cursor.
type scanOptions struct {
	pattern string
	count   int64 // how many keys are looked at
	none    bool  // it is asked for another type than there is
}

// scan is SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. Each call sees the state
// of its own moment, from the key on that the cursor stands for. Keys come in their order,
// so that one that is there all the time is given once, whatever else is written.
//
// Only the keys of rangeOf are looked at, and no values.
func scan(r *Request) error {
	number, err := parseCursor(r.args[1])
	if err != nil {
		return err
	}
	options, err := r.parseScanOptions()
	if err != nil {
		return err
	}
	keys := rangeOf(options.pattern)
	if number != 0 {
		from, ok := r.server.cursors.use(number, r.client.database)
		if !ok {
			return errInvalidCursor
		}
		if from.key > string(keys.Start) {
			keys.Start = []byte(from.key)
		}
	}
	r.out.Array(2)
	begin := len(r.out.Buf)
	var rest string
	err = r.replyKeys(func(reply func(key []byte)) (err error) {
		rest, err = r.scanSome(keys, options, reply)
		return err
	})
	if err != nil {
		return err
	}
	next := uint64(0)
	if rest != "" {
		next = r.server.cursors.add(r.client.database, placeInScan{key: rest}, number)
	}
	r.out.InsertBulk(begin, strconv.AppendUint(nil, next, 10))
	return nil
}

// scanSome looks at as many keys of a range as the options say, and returns the one that
// comes after them, empty at the range's end.
func (r *Request) scanSome(keys mantisdb.Range, options scanOptions, reply func(key []byte)) (rest string, err error) {
	if options.none {
		return "", nil
	}
	left := options.count
	if left < math.MaxInt {
		keys.Limit = int(left) + 1 // and the one that comes after them
	}
	walk := r.keys().Scan(keys)
	for key := range walk.All() {
		if left == 0 {
			return string(key), nil
		}
		left--
		if glob.Match(options.pattern, key) {
			reply(key)
		}
	}
	return "", walk.Err()
}

const errInvalidCursor Error = "ERR invalid cursor"

func parseCursor(arg []byte) (uint64, error) {
	number, err := strconv.ParseUint(string(arg), 10, 64)
	if err != nil {
		return 0, errInvalidCursor
	}
	return number, nil
}

func (r *Request) parseScanOptions() (o scanOptions, err error) {
	o = scanOptions{pattern: "*", count: defaultScanCount}
	for i := 2; i < len(r.args); i += 2 {
		if i+1 == len(r.args) {
			return o, errSyntax
		}
		switch arg := r.args[i]; {
		case is(arg, "COUNT"):
			if o.count, err = r.int(i + 1); err != nil {
				return o, err
			}
			if o.count < 1 {
				return o, errSyntax
			}
		case is(arg, "MATCH"):
			o.pattern = string(r.args[i+1])
		case is(arg, "TYPE"):
			o.none = !bytes.EqualFold(r.args[i+1], []byte(stringType))
		default:
			return o, errSyntax
		}
	}
	return o, nil
}
