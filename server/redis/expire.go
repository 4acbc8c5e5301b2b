package redis

import (
	"math"
	"time"

	"github.com/mantisdb/mantisdb"
)

func expiryCommands() []*Command {
	const fastWrite, complexity = flagWrite | flagFast, "O(1)"
	return append(ttlCommands(),
		&Command{Name: "expire", Arity: -3, Flags: fastWrite, Keys: oneKey, Group: "generic", Syntax: "<key> <seconds> [NX|XX|GT|LT]", Since: "1.0.0", Complexity: complexity,
			Summary: "Sets how many seconds a key lives.", run: expireIn(1000), direct: expireInDirect(1000)},
		&Command{Name: "pexpire", Arity: -3, Flags: fastWrite, Keys: oneKey, Group: "generic", Syntax: "<key> <milliseconds> [NX|XX|GT|LT]", Since: "2.6.0", Complexity: complexity,
			Summary: "Sets how many milliseconds a key lives.", run: expireIn(1), direct: expireInDirect(1)},
		&Command{Name: "expireat", Arity: -3, Flags: fastWrite, Keys: oneKey, Group: "generic", Syntax: "<key> <unix-time-seconds> [NX|XX|GT|LT]", Since: "1.2.0", Complexity: complexity,
			Summary: "Sets the Unix time in seconds at which a key expires.", run: expireAt(1000)},
		&Command{Name: "pexpireat", Arity: -3, Flags: fastWrite, Keys: oneKey, Group: "generic", Syntax: "<key> <unix-time-milliseconds> [NX|XX|GT|LT]", Since: "2.6.0", Complexity: complexity,
			Summary: "Sets the Unix time in milliseconds at which a key expires.", run: expireAt(1)},
	)
}

// expireOptions are the conditions of EXPIRE and its kin, of the expiry that the key has.
type expireOptions struct{ ifNone, ifAny, ifLater, ifSooner bool }

// expireIn is EXPIRE key n [NX | XX | GT | LT], where n are units of so many milliseconds.
func expireIn(millis int64) func(*Request) error {
	return func(r *Request) error { return r.expire(expiryUnit{millis, false}) }
}

// expireAt is EXPIREAT key time [NX | XX | GT | LT], likewise.
func expireAt(millis int64) func(*Request) error {
	return func(r *Request) error { return r.expire(expiryUnit{millis, true}) }
}

// expire gives a key an expiry. With one that has passed, the key is deleted.
func (r *Request) expire(unit expiryUnit) error {
	options, err := r.parseExpireOptions()
	if err != nil {
		return err
	}
	n, err := r.int(2)
	if err != nil {
		return err
	}
	at, ok := r.expiryAt(n, unit)
	if !ok {
		return Error("ERR invalid expire time in '" + r.cmd.fullName() + "' command")
	}
	key := r.args[1]
	value, found, err := r.get(key)
	if err != nil || !found || !options.allow(value.ExpiresAt, at) {
		return r.replyZero(err)
	}
	if err := r.expireValue(key, value.Bytes, at); err != nil {
		return err
	}
	r.out.Int(1)
	return nil
}

func (r *Request) expireValue(key, value []byte, at int64) error {
	if at <= r.now.UnixMilli() {
		return r.remove(key)
	}
	r.notify(notifyGeneric, "expire", key)
	return r.put(key, value, at)
}

func (r *Request) parseExpireOptions() (o expireOptions, err error) {
	for _, arg := range r.args[3:] {
		switch {
		case is(arg, "NX"):
			o.ifNone = true
		case is(arg, "XX"):
			o.ifAny = true
		case is(arg, "GT"):
			o.ifLater = true
		case is(arg, "LT"):
			o.ifSooner = true
		default:
			return o, Error("ERR Unsupported option " + string(arg))
		}
	}
	switch {
	case o.ifNone && (o.ifAny || o.ifLater || o.ifSooner):
		return o, Error("ERR NX and XX, GT or LT options at the same time are not compatible")
	case o.ifLater && o.ifSooner:
		return o, Error("ERR GT and LT options at the same time are not compatible")
	}
	return o, nil
}

// allow tells whether an expiry may become another one. None is later than any.
func (o expireOptions) allow(before, at int64) bool {
	switch {
	case o.ifNone && before != 0, o.ifAny && before == 0:
		return false
	case o.ifLater && (before == 0 || at <= before):
		return false
	case o.ifSooner && before != 0 && at >= before:
		return false
	}
	return true
}

// expireInDirect is expireIn in the engine, without options and for a time that the engine
// takes: one to come, and no more than a time.Duration.
func expireInDirect(millis int64) func(*Request) error {
	longest := int64(math.MaxInt64/time.Millisecond) / millis
	return func(r *Request) error {
		n, ok := parseInteger(r.args[2])
		if len(r.args) != 3 || !ok || n <= 0 || n > longest {
			return r.update()
		}
		ttl := time.Duration(n*millis) * time.Millisecond
		done, err := r.setExpiry(ttl)
		if err != nil {
			return err
		}
		if done.Existed {
			r.notify(notifyGeneric, "expire", r.args[1])
		}
		r.out.Int(one(done.Existed))
		return nil
	}
}

// setExpiry has the key expire after a time, or never for 0, in the engine.
func (r *Request) setExpiry(ttl time.Duration) (mantisdb.Modified, error) {
	_, done, err := r.keyspace().Modify(r.args[1], mantisdb.Modification{Kind: mantisdb.ModifyExpire}, r.client.writesFor(ttl))
	return done, err
}
