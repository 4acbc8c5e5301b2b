package redis

import (
	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/clock"
)

// ttlCommands tell when keys expire, and take that from them.
func ttlCommands() []*Command {
	const fastRead, complexity = flagReadonly | flagFast, "O(1)"
	return []*Command{
		{Name: "ttl", Arity: 2, Flags: fastRead, Keys: oneKey, Group: "generic", Syntax: "<key>", Since: "1.0.0", Complexity: complexity,
			Summary: "Tells how many seconds a key lives on.", run: ttl, direct: ttlDirect},
		{Name: "pttl", Arity: 2, Flags: fastRead, Keys: oneKey, Group: "generic", Syntax: "<key>", Since: "2.6.0", Complexity: complexity,
			Summary: "Tells how many milliseconds a key lives on.", run: ttl, direct: ttlDirect},
		{Name: "expiretime", Arity: 2, Flags: fastRead, Keys: oneKey, Group: "generic", Syntax: "<key>", Since: "7.0.0", Complexity: complexity,
			Summary: "Tells the Unix time in seconds at which a key expires.", run: ttl, direct: ttlDirect},
		{Name: "pexpiretime", Arity: 2, Flags: fastRead, Keys: oneKey, Group: "generic", Syntax: "<key>", Since: "7.0.0", Complexity: complexity,
			Summary: "Tells the Unix time in milliseconds at which a key expires.", run: ttl, direct: ttlDirect},
		{Name: "persist", Arity: 2, Flags: flagWrite | flagFast, Keys: oneKey, Group: "generic", Syntax: "<key>", Since: "2.2.0", Complexity: complexity,
			Summary: "Makes a key stay for ever.", run: persist, direct: persistDirect},
	}
}

// What TTL and its kin reply instead of a time.
const (
	repliesNoExpiry = -1
	repliesNoKey    = -2
)

// ttl is TTL key, PTTL key, EXPIRETIME key and PEXPIRETIME key.
func ttl(r *Request) error {
	value, found, err := r.get(r.args[1])
	if err != nil {
		return err
	}
	if !found {
		r.miss(r.args[1])
	}
	r.replyExpiry(found, value.ExpiresAt)
	return nil
}

func ttlDirect(r *Request) error {
	meta, err := r.metaDirect(r.args[1])
	if err != nil && !isNotFound(err) {
		return err
	}
	r.replyExpiry(err == nil, meta.ExpiresAt)
	return nil
}

// metaDirect describes the value of a key, which is read into memory that the client
// keeps.
func (r *Request) metaDirect(key []byte) (mantisdb.Meta, error) {
	room := &r.client.run.value
	value, meta, err := r.keyspace().AppendGetMeta((*room)[:0], key)
	if cap(value) <= keepReply {
		*room = value
	}
	return meta, err
}

// replyExpiry replies an expiry as the command has it.
func (r *Request) replyExpiry(found bool, at int64) {
	switch {
	case !found:
		r.out.Int(repliesNoKey)
		return
	case at == 0:
		r.out.Int(repliesNoExpiry)
		return
	}
	// The request's time is that of the whole pipeline: an expiry that the engine has set
	// within it, by its own clock, would seem to be farther than it was asked for.
	if name := r.cmd.Name; name == "ttl" || name == "pttl" {
		at = max(at-clock.Now(), 0)
	}
	if name := r.cmd.Name; name == "ttl" || name == "expiretime" {
		at = seconds(at)
	}
	r.out.Int(at)
}

// seconds are milliseconds, which are not negative, rounded to the nearest.
func seconds(millis int64) int64 {
	n := millis / 1000
	if millis%1000 >= 500 {
		n++
	}
	return n
}

// persist is PERSIST key.
func persist(r *Request) error {
	key := r.args[1]
	value, found, err := r.get(key)
	if err != nil || !found || value.ExpiresAt == 0 {
		return r.replyZero(err)
	}
	if err := r.put(key, value.Bytes, 0); err != nil {
		return err
	}
	r.notify(notifyGeneric, "persist", key)
	r.out.Int(1)
	return nil
}

// persistDirect is persist in the engine. A key without an expiry is only read: a write
// would be a change to those who watch it.
func persistDirect(r *Request) error {
	meta, err := r.metaDirect(r.args[1])
	switch {
	case isNotFound(err), err == nil && meta.ExpiresAt == 0:
		r.out.Int(0)
		return nil
	case err != nil:
		return err
	}
	done, err := r.setExpiry(0)
	if err != nil {
		return err
	}
	had := done.Existed && done.Before.ExpiresAt != 0
	if had {
		r.notify(notifyGeneric, "persist", r.args[1])
	}
	r.out.Int(one(had))
	return nil
}
