package redis

import (
	"math"

	"github.com/mantisdb/mantisdb"
)

const errBusyKey Error = "BUSYKEY Target key name already exists."

func dumpCommands() []*Command {
	return []*Command{
		{Name: "dump", Arity: 2, Flags: flagReadonly, Keys: oneKey, Group: "generic", Syntax: "<key>",
			Summary: "Gives the value of a key as RESTORE takes it.", Since: "2.6.0", Complexity: "O(N) where N is the length of the value.", run: dump},
		{Name: "restore", Arity: -4, Flags: flagWrite | flagDenyOOM, Keys: oneKey, Group: "generic", Syntax: "<key> <ttl> <serialized-value> [REPLACE] [ABSTTL] [IDLETIME <seconds>] [FREQ <frequency>]",
			Summary: "Stores a value that DUMP gave.", Since: "2.6.0", Complexity: "O(N) where N is the length of the value.", run: restore},
	}
}

// dump is DUMP key.
func dump(r *Request) error {
	value, found, err := r.get(r.args[1])
	switch {
	case err != nil:
		return err
	case found:
		r.out.Bulk(appendDump(nil, value.Bytes))
	default:
		r.miss(r.args[1])
		r.out.Null()
	}
	return nil
}

// restoreOptions are what may follow RESTORE's value.
type restoreOptions struct{ replace, absolute bool }

// restore is RESTORE key ttl value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency].
// The last two are checked and make no difference.
func restore(r *Request) error {
	options, err := r.parseRestoreOptions()
	if err != nil {
		return err
	}
	key := r.args[1]
	if !options.replace {
		existed, err := r.has(key)
		if err != nil {
			return err
		}
		if existed {
			return errBusyKey
		}
	}
	at, err := r.restoreExpiry(options)
	if err != nil {
		return err
	}
	value, err := parseDump(r.args[3])
	if err != nil {
		return err
	}
	if err := r.restoreValue(key, value, at, options); err != nil {
		return err
	}
	r.out.OK()
	return nil
}

// restoreValue stores the value, unless it has expired already.
func (r *Request) restoreValue(key, value []byte, at int64, options restoreOptions) error {
	if at == 0 || at > r.now.UnixMilli() {
		if err := r.putNew(r.here(key), Value{value, mantisdb.Meta{ExpiresAt: at}}); err != nil {
			return err
		}
		r.notify(notifyGeneric, "restore", key)
		return nil
	}
	if !options.replace {
		return nil // there is none
	}
	existed, err := r.has(key)
	if err != nil || !existed {
		return err
	}
	return r.remove(key)
}

// restoreExpiry is when the value expires, in Unix milliseconds; 0 is never.
func (r *Request) restoreExpiry(options restoreOptions) (int64, error) {
	n, err := r.int(2)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, Error("ERR Invalid TTL value, must be >= 0")
	}
	if n == 0 || options.absolute {
		return n, nil
	}
	at, ok := r.expiryAt(n, expiryUnit{1, false})
	if !ok {
		return 0, Error("ERR invalid expire time in 'restore' command")
	}
	return at, nil
}

func (r *Request) parseRestoreOptions() (o restoreOptions, err error) {
	idle, frequency := false, false
	for i := 4; i < len(r.args); i++ {
		more := i+1 < len(r.args)
		switch arg := r.args[i]; {
		case is(arg, "REPLACE"):
			o.replace = true
		case is(arg, "ABSTTL"):
			o.absolute = true
		case is(arg, "IDLETIME") && more && !frequency:
			idle = true
			i++
			err = r.checkRange(i, math.MaxInt64, "ERR Invalid IDLETIME value, must be >= 0")
		case is(arg, "FREQ") && more && !idle:
			frequency = true
			i++
			err = r.checkRange(i, 255, "ERR Invalid FREQ value, must be >= 0 and <= 255")
		default:
			err = errSyntax
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// checkRange returns nil if an argument is a number from 0 to the greatest.
func (r *Request) checkRange(i int, greatest int64, invalid Error) error {
	n, err := r.int(i)
	if err == nil && (n < 0 || n > greatest) {
		err = invalid
	}
	return err
}
