package redis

func keyCommands() []*Command {
	return []*Command{
		{Name: "del", Arity: -2, Flags: flagWrite, Keys: allKeys, Group: "generic",
			Summary: "Deletes one or more keys.", Since: "1.0.0", Complexity: "O(N) where N is the number of keys that will be removed.", run: del},
		{Name: "flushall", Arity: -1, Flags: flagWrite, Group: "server",
			Summary: "Removes all keys from all databases.", Since: "1.0.0", Complexity: "O(1)", run: flushAll},
	}
}

// del removes keys, and replies how many there were.
func del(r *Request) error {
	removed := int64(0)
	for _, key := range r.args[1:] {
		_, found, err := r.get(key)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if err := r.delete(key); err != nil {
			return err
		}
		r.notify(notifyGeneric, "del", key)
		removed++
	}
	r.out.Int(removed)
	return nil
}
