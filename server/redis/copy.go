package redis

import "bytes"

const errSameObject Error = "ERR source and destination objects are the same"

// copyCommands are those that bring a value under another key, or to another database.
func copyCommands() []*Command {
	return []*Command{
		{Name: "rename", Arity: 3, Flags: flagWrite, Keys: twoKeys, Group: "generic", Syntax: "<key> <newkey>",
			Summary: "Gives a key another name, in place of what has that name.", Since: "1.0.0", Complexity: "O(1)", run: rename},
		{Name: "renamenx", Arity: 3, Flags: flagWrite | flagFast, Keys: twoKeys, Group: "generic", Syntax: "<key> <newkey>",
			Summary: "Gives a key another name, unless something has that name.", Since: "1.0.0", Complexity: "O(1)", run: renameIfAbsent},
		{Name: "copy", Arity: -3, Flags: flagWrite | flagDenyOOM, Keys: twoKeys, Group: "generic", Syntax: "<source> <destination> [DB <destination-db>] [REPLACE]",
			Summary: "Copies the value of a key to another key.", Since: "6.2.0", Complexity: "O(1)", run: copyKey},
		{Name: "move", Arity: 3, Flags: flagWrite | flagFast, Keys: oneKey, Group: "generic", Syntax: "<key> <db>",
			Summary: "Moves a key to another database.", Since: "1.0.0", Complexity: "O(1)", run: move},
	}
}

// place is a key in a database.
type place struct {
	database int
	key      []byte
}

func (p place) equal(q place) bool { return p.database == q.database && bytes.Equal(p.key, q.key) }

// here is a key of the selected database.
func (r *Request) here(key []byte) place { return place{r.client.database, key} }

// rename is RENAME key new.
func rename(r *Request) error {
	from, to := r.here(r.args[1]), r.here(r.args[2])
	value, found, err := r.get(from.key)
	if err != nil {
		return err
	}
	if !found {
		return errNoSuchKey
	}
	if !from.equal(to) {
		if err := r.transferName(from, to, value); err != nil {
			return err
		}
	}
	r.out.OK()
	return nil
}

// transferName is transfer within a database, and tells of it.
func (r *Request) transferName(from, to place, value Value) error {
	if err := r.transfer(from, to, value); err != nil {
		return err
	}
	r.notify(notifyGeneric, "rename_from", from.key)
	r.notify(notifyGeneric, "rename_to", to.key)
	return nil
}

// renameIfAbsent is RENAMENX key new.
func renameIfAbsent(r *Request) error {
	from, to := r.here(r.args[1]), r.here(r.args[2])
	value, found, err := r.get(from.key)
	if err != nil {
		return err
	}
	if !found {
		return errNoSuchKey
	}
	taken, err := r.has(to.key)
	if err != nil || taken {
		return r.replyZero(err)
	}
	if err := r.transferName(from, to, value); err != nil {
		return err
	}
	r.out.Int(1)
	return nil
}

// move is MOVE key number.
func move(r *Request) error {
	number, err := r.databaseNumber(2)
	if err != nil {
		return err
	}
	from, to := r.here(r.args[1]), place{number, r.args[1]}
	if from.equal(to) {
		return errSameObject
	}
	value, found, err := r.get(from.key)
	if err != nil || !found {
		return r.replyZero(err)
	}
	if free, err := r.isFree(to); err != nil || !free {
		return r.replyZero(err)
	}
	if err := r.transfer(from, to, value); err != nil {
		return err
	}
	r.notifyIn(from.database, notifyGeneric, "move_from", from.key)
	r.notifyIn(to.database, notifyGeneric, "move_to", to.key)
	r.out.Int(1)
	return nil
}

// copyKey is COPY key new [DB number] [REPLACE].
func copyKey(r *Request) error {
	from, to, replace, err := r.parseCopy()
	if err != nil {
		return err
	}
	if from.equal(to) {
		return errSameObject
	}
	value, found, err := r.get(from.key)
	if err != nil || !found {
		r.miss(from.key)
		return r.replyZero(err)
	}
	if free, err := r.isFree(to); err != nil || !free && !replace {
		return r.replyZero(err)
	}
	if err := r.putNew(to, value); err != nil {
		return err
	}
	r.notifyIn(to.database, notifyGeneric, "copy_to", to.key)
	r.out.Int(1)
	return nil
}

func (r *Request) parseCopy() (from, to place, replace bool, err error) {
	from, to = r.here(r.args[1]), r.here(r.args[2])
	for i := 3; i < len(r.args); i++ {
		switch arg := r.args[i]; {
		case is(arg, "REPLACE"):
			replace = true
		case is(arg, "DB") && i+1 < len(r.args):
			i++
			if to.database, err = r.databaseNumber(i); err != nil {
				return from, to, replace, err
			}
		default:
			return from, to, replace, errSyntax
		}
	}
	return from, to, replace, nil
}

// isFree tells whether there is nothing at a place, whose database is made if need be.
func (r *Request) isFree(p place) (bool, error) {
	ks, err := r.open(p.database)
	if err != nil {
		return false, err
	}
	taken, err := r.tx.In(ks).Has(p.key)
	return !taken, err
}

// transfer stores a value, which is at one place, at another instead.
func (r *Request) transfer(from, to place, value Value) error {
	if err := r.putNew(to, value); err != nil {
		return err
	}
	return r.tx.In(r.at(from.database)).Delete(from.key)
}

// putNew stores a value with its expiry at a place, whose database is open. What may be
// there before counts as gone.
func (r *Request) putNew(to place, value Value) error {
	r.notifyIn(to.database, notifyNew, "new", to.key)
	return r.tx.In(r.at(to.database)).PutExpiresAt(to.key, value.Bytes, value.ExpiresAt)
}

// replyZero replies that nothing was done, unless an error tells why.
func (r *Request) replyZero(err error) error {
	if err == nil {
		r.out.Int(0)
	}
	return err
}
