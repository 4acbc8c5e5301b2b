package redis

// objectCommands are the subcommands of OBJECT.
func objectCommands() map[string]*Command {
	second := KeySpec{2, 2, 1}
	return subcommands(
		&Command{Name: "encoding", Arity: 3, Flags: flagReadonly, Keys: second, Group: "generic", Syntax: "<key>",
			Summary: "Tells how Redis would keep the value of a key in memory.", Since: "2.2.3", Complexity: "O(1)", run: objectEncoding},
		&Command{Name: "freq", Arity: 3, Flags: flagReadonly, Keys: second, Group: "generic", Syntax: "<key>",
			Summary: "Tells how often a key is accessed, which is not tracked.", Since: "4.0.0", Complexity: "O(1)", run: objectFrequency},
		&Command{Name: "idletime", Arity: 3, Flags: flagReadonly, Keys: second, Group: "generic", Syntax: "<key>",
			Summary: "Tells when a key was last accessed, which is not tracked.", Since: "2.2.3", Complexity: "O(1)", run: objectIdleTime},
		&Command{Name: "refcount", Arity: 3, Flags: flagReadonly, Keys: second, Group: "generic", Syntax: "<key>",
			Summary: "Tells how many references Redis would have to the value of a key.", Since: "2.2.3", Complexity: "O(1)", run: objectReferences},
	)
}

// What Redis does with values of certain kinds, which clients can see.
const (
	longestEmbedded  = 44        // bytes of a string that is kept with its header
	sharedIntegers   = 10_000    // numbers from 0 on that exist once
	sharedReferences = 1<<31 - 1 // what such a number's count of references is
)

// objectEncoding is OBJECT ENCODING key: derived from the value, since values are bytes
// and have no other.
func objectEncoding(r *Request) error {
	return r.withObject(func(value []byte) error {
		r.out.BulkString(encodingOf(value))
		return nil
	})
}

func encodingOf(value []byte) string {
	if _, ok := parseInteger(value); ok {
		return "int"
	}
	if len(value) <= longestEmbedded {
		return "embstr"
	}
	return "raw"
}

// objectReferences is OBJECT REFCOUNT key.
func objectReferences(r *Request) error {
	return r.withObject(func(value []byte) error {
		if n, ok := parseInteger(value); ok && n >= 0 && n < sharedIntegers {
			r.out.Int(sharedReferences)
		} else {
			r.out.Int(1)
		}
		return nil
	})
}

// objectIdleTime is OBJECT IDLETIME key. Reads leave no trace in the database.
func objectIdleTime(r *Request) error {
	return r.withObject(func([]byte) error {
		return Error("ERR The time of the last access is not tracked.")
	})
}

// objectFrequency is OBJECT FREQ key, which Redis refuses as well unless it is configured
// to track it.
func objectFrequency(r *Request) error {
	return r.withObject(func([]byte) error {
		return Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
	})
}

// withObject has a reply made of the value of a subcommand's key; without one it is null.
func (r *Request) withObject(reply func(value []byte) error) error {
	value, found, err := r.get(r.args[2])
	switch {
	case err != nil:
		return err
	case !found:
		r.out.Null()
		return nil
	}
	return reply(value.Bytes)
}
