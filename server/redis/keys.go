package redis

import "github.com/mantisdb/mantisdb"

func keyCommands() []*Command {
	return append(copyCommands(), []*Command{
		{Name: "del", Arity: -2, Flags: flagWrite | flagBrief, Keys: allKeys, Tips: tipsForSum, Group: "generic", Syntax: "<key> [<key> ...]",
			Summary: "Deletes one or more keys.", Since: "1.0.0", Complexity: "O(N) where N is the number of keys that will be removed.", run: del, direct: delDirect},
		{Name: "unlink", Arity: -2, Flags: flagWrite | flagFast, Keys: allKeys, Tips: tipsForSum, Group: "generic", Syntax: "<key> [<key> ...]",
			Summary: "Deletes one or more keys, as DEL does.", Since: "4.0.0", Complexity: "O(N) where N is the number of keys that will be removed.", run: del, direct: delDirect},
		{Name: "exists", Arity: -2, Flags: flagReadonly | flagFast, Keys: allKeys, Tips: tipsForSum, Group: "generic", Syntax: "<key> [<key> ...]",
			Summary: "Counts which of the keys exist.", Since: "1.0.0", Complexity: "O(N) where N is the number of keys to check.", run: exists, direct: existsDirect},
		{Name: "touch", Arity: -2, Flags: flagReadonly | flagFast, Keys: allKeys, Tips: tipsForSum, Group: "generic", Syntax: "<key> [<key> ...]",
			Summary: "Reads keys, and counts which of them exist.", Since: "3.2.1", Complexity: "O(N) where N is the number of keys that will be touched.", run: exists, direct: existsDirect},
		{Name: "type", Arity: 2, Flags: flagReadonly | flagFast, Keys: oneKey, Group: "generic", Syntax: "<key>",
			Summary: "Tells the type of the value of a key.", Since: "1.0.0", Complexity: "O(1)", run: typeOf, direct: typeOfDirect},
		{Name: "object", Arity: -2, Group: "generic",
			Summary: "A container for commands that look at values.", Since: "2.2.3", Complexity: "Depends on subcommand.", Subcommands: objectCommands()},
		{Name: "flushdb", Arity: -1, Flags: flagWrite, Group: "server", Syntax: "[ASYNC|SYNC]",
			Summary: "Removes all keys from the selected database.", Since: "1.0.0", Complexity: "O(1)", run: flushDatabase, across: flushAcross},
		{Name: "flushall", Arity: -1, Flags: flagWrite, Group: "server", Syntax: "[ASYNC|SYNC]",
			Summary: "Removes all keys from all databases.", Since: "1.0.0", Complexity: "O(1)", run: flushAll, across: flushAcross},
		{Name: "swapdb", Arity: 3, Flags: flagWrite | flagFast, Group: "server", Syntax: "<index1> <index2>",
			Summary: "Exchanges two databases.", Since: "4.0.0", Complexity: "O(1)", run: swapDatabases, across: swapRefused},
	}...)
}

// del removes keys, and replies how many there were.
func del(r *Request) error {
	removed := int64(0)
	for _, key := range r.args[1:] {
		found, err := r.has(key)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if err := r.remove(key); err != nil {
			return err
		}
		removed++
	}
	r.out.Int(removed)
	return nil
}

// remove removes a key that exists, and tells of it.
func (r *Request) remove(key []byte) error {
	r.notify(notifyGeneric, "del", key)
	return r.delete(key)
}

// delDirect is del in the engine, for one key.
func delDirect(r *Request) error {
	if len(r.args) != 2 {
		return r.update()
	}
	key := r.args[1]
	_, done, err := r.keyspace().Modify(key, mantisdb.Modification{Kind: mantisdb.ModifyTake}, r.client.writes())
	if err != nil {
		return err
	}
	if done.Existed {
		r.notify(notifyGeneric, "del", key)
	}
	r.out.Int(one(done.Existed))
	return nil
}

// one is 1 for yes, as Redis replies.
func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// exists replies how many of some keys there are; one that is named twice counts twice.
func exists(r *Request) error {
	count := int64(0)
	for _, key := range r.args[1:] {
		found, err := r.has(key)
		if err != nil {
			return err
		}
		if !found {
			r.miss(key)
			continue
		}
		count++
	}
	r.out.Int(count)
	return nil
}

// existsDirect is exists in the engine, for one key.
func existsDirect(r *Request) error {
	if len(r.args) != 2 {
		return r.view()
	}
	found, err := r.keyspace().Has(r.args[1])
	if err != nil {
		return err
	}
	r.out.Int(one(found))
	return nil
}

// typeOf replies string, since all values are, or none.
func typeOf(r *Request) error {
	found, err := r.has(r.args[1])
	if !found {
		r.miss(r.args[1])
	}
	return r.replyType(found, err)
}

func typeOfDirect(r *Request) error {
	found, err := r.keyspace().Has(r.args[1])
	return r.replyType(found, err)
}

func (r *Request) replyType(found bool, err error) error {
	switch {
	case err != nil:
		return err
	case found:
		r.out.Simple(stringType)
	default:
		r.out.Simple("none")
	}
	return nil
}

// stringType is the type of every value.
const stringType = "string"
