package cachenode

import (
	"math"
	"strconv"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/server/acl"
)

// unit is how a time is given.
type unit struct {
	millis   int64 // a unit's
	absolute bool  // since 1970
}

var (
	seconds      = unit{1000, false}
	milliseconds = unit{1, false}
	unixSeconds  = unit{1000, true}
	unixMillis   = unit{1, true}
)

// expiryWords are SET's words before a time.
var expiryWords = map[string]unit{"EX": seconds, "PX": milliseconds, "EXAT": unixSeconds, "PXAT": unixMillis}

// expiryCommands are those of when keys expire.
func expiryCommands() []*command {
	write := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"keyspace", "write", "fast"}}
	}
	read := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"keyspace", "read", "fast"}}
	}
	return []*command{
		{Command: write("expire"), arity: 3, keys: writesKey, run: expire(seconds)},
		{Command: write("pexpire"), arity: 3, keys: writesKey, run: expire(milliseconds)},
		{Command: write("expireat"), arity: 3, keys: writesKey, run: expire(unixSeconds)},
		{Command: write("pexpireat"), arity: 3, keys: writesKey, run: expire(unixMillis)},
		{Command: write("persist"), arity: 2, keys: writesKey, run: persist},
		{Command: read("ttl"), arity: 2, keys: readsKey, run: ttl(seconds)},
		{Command: read("pttl"), arity: 2, keys: readsKey, run: ttl(milliseconds)},
		{Command: read("expiretime"), arity: 2, keys: readsKey, run: ttl(unixSeconds)},
		{Command: read("pexpiretime"), arity: 2, keys: readsKey, run: ttl(unixMillis)},
	}
}

// expiry is a time as an argument gives it, in Unix milliseconds, never 0. One that is not to
// have passed is an error if it is not positive.
func (r *request) expiry(arg []byte, u unit, future bool) (int64, error) {
	n, err := strconv.ParseInt(string(arg), 10, 64)
	if err != nil {
		return 0, errNotInteger
	}
	now := r.now.UnixMilli()
	if future && n <= 0 || n > (math.MaxInt64-now)/u.millis || n < (math.MinInt64+now)/u.millis {
		return 0, replyError("ERR invalid expire time in '" + r.name + "' command")
	}
	at := n * u.millis
	if !u.absolute {
		at += now
	}
	return max(at, 1), nil
}

func expire(u unit) func(*request) error {
	return func(r *request) error {
		at, err := r.expiry(r.args[2], u, false)
		if err != nil {
			return err
		}
		existed, err := r.server.cache.Expire(r.ctx, r.args[1], at)
		if err != nil {
			return err
		}
		r.integer(existed)
		return nil
	}
}

func (r *request) integer(yes bool) {
	if yes {
		r.out.Int(1)
	} else {
		r.out.Int(0)
	}
}

func persist(r *request) error {
	item, found, err := r.find(r.args[1])
	if err != nil {
		return err
	}
	if found && item.ExpiresAt != 0 {
		if _, err := r.server.cache.Expire(r.ctx, r.args[1], 0); err != nil {
			return err
		}
	}
	r.integer(found && item.ExpiresAt != 0)
	return nil
}

// ttl replies -2 for a key that is not there, and -1 for one that stays.
func ttl(u unit) func(*request) error {
	return func(r *request) error {
		item, found, err := r.find(r.args[1])
		if err != nil {
			return err
		}
		r.out.Int(u.until(&item, found, r.now.UnixMilli()))
		return nil
	}
}

// until is when an item expires, in units, as Redis rounds and tells it.
func (u unit) until(item *distributed.Item, found bool, now int64) int64 {
	switch {
	case !found:
		return -2
	case item.ExpiresAt == 0:
		return -1
	case u.absolute:
		return item.ExpiresAt / u.millis
	default:
		return (max(item.ExpiresAt-now, 0) + u.millis/2) / u.millis
	}
}
