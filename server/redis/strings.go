package redis

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

func stringCommands() []*Command {
	return []*Command{
		{Name: "get", Arity: 2, Flags: flagReadonly | flagFast, Keys: oneKey, Group: "string",
			Summary: "Returns the string value of a key.", Since: "1.0.0", Complexity: "O(1)", run: get},
		{Name: "set", Arity: -3, Flags: flagWrite | flagDenyOOM, Keys: oneKey, Group: "string",
			Summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: set},
		{Name: "incr", Arity: 2, Flags: flagWrite | flagDenyOOM | flagFast, Keys: oneKey, Group: "string",
			Summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", Since: "1.0.0", Complexity: "O(1)", run: incr, direct: incrDirect},
	}
}

func isNotFound(err error) bool { return errors.Is(err, mantisdb.ErrNotFound) }

func get(r *Request) error {
	value, found, err := r.get(r.args[1])
	if err != nil {
		return err
	}
	if !found {
		r.out.Null()
		return nil
	}
	r.out.Bulk(value.Bytes)
	return nil
}

func incr(r *Request) error { return r.incrementBy(1) }

// incrementBy adds to a number, which keeps its expiry.
func (r *Request) incrementBy(by int64) error {
	key := r.args[1]
	value, found, err := r.get(key)
	if err != nil {
		return err
	}
	n := int64(0)
	if found {
		var ok bool
		if n, ok = parseInteger(value.Bytes); !ok {
			return errNotInteger
		}
	}
	sum := n + by
	if by > 0 && sum < n || by < 0 && sum > n {
		return errOverflow
	}
	if err := r.put(key, appendInt(nil, sum), value.ExpiresAt); err != nil {
		return err
	}
	r.notify(notifyString, "incrby", key)
	r.out.Int(sum)
	return nil
}

func incrDirect(r *Request) error { return r.incrementDirect(1) }

// incrementDirect is incrementBy in the engine.
func (r *Request) incrementDirect(by int64) error {
	key := r.args[1]
	sum, err := r.keyspace().Increment(key, by)
	if err != nil {
		return err
	}
	r.notify(notifyString, "incrby", key)
	r.out.Int(sum)
	return nil
}
