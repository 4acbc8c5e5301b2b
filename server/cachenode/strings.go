package cachenode

import (
	"errors"
	"strings"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/server/acl"
)

// stringCommands are those that get and set values.
func stringCommands() []*command {
	read := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"read", "string", "fast"}}
	}
	write := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"write", "string", "slow"}}
	}
	return []*command{
		{Command: read("get"), arity: 2, keys: readsKey, run: get},
		{Command: read("mget"), arity: -2, keys: readsKeys, run: mget},
		{Command: read("strlen"), arity: 2, keys: readsKey, run: strlen},
		{Command: write("set"), arity: -3, keys: writesKey, run: set},
		{Command: write("setnx"), arity: 3, keys: writesKey, run: setnx},
		{Command: write("setex"), arity: 4, keys: writesKey, run: setFor(seconds)},
		{Command: write("psetex"), arity: 4, keys: writesKey, run: setFor(milliseconds)},
		{Command: write("mset"), arity: -3, keys: writesEach, run: mset},
	}
}

// find is the value of a key, if there is one.
func (r *request) find(key []byte) (item distributed.Item, found bool, err error) {
	item, err = r.server.cache.Get(r.ctx, key)
	if errors.Is(err, distributed.ErrNotFound) {
		return item, false, nil
	}
	return item, err == nil, err
}

func get(r *request) error {
	item, found, err := r.find(r.args[1])
	if err != nil {
		return err
	}
	r.bulkOrNull(item.Value, found)
	return nil
}

func (r *request) bulkOrNull(value []byte, found bool) {
	if found {
		r.out.Bulk(value)
	} else {
		r.out.Null()
	}
}

// mget reads each key by itself: they are not of one moment.
func mget(r *request) error {
	keys := r.args[1:]
	items, found := make([]distributed.Item, len(keys)), make([]bool, len(keys))
	err := each(len(keys), func(i int) (err error) {
		items[i], found[i], err = r.find(keys[i])
		return err
	})
	if err != nil {
		return err
	}
	r.out.Array(len(keys))
	for i := range keys {
		r.bulkOrNull(items[i].Value, found[i])
	}
	return nil
}

func strlen(r *request) error {
	item, _, err := r.find(r.args[1])
	if err != nil {
		return err
	}
	r.out.Int(int64(len(item.Value)))
	return nil
}

// set is SET key value [NX | XX] [EX seconds | PX milliseconds | EXAT time | PXAT time].
func set(r *request) error {
	o, err := r.setOptions()
	if err != nil {
		return err
	}
	err = r.server.cache.Set(r.ctx, r.args[1], r.args[2], o)
	switch {
	case errors.Is(err, distributed.ErrNotStored):
		r.out.Null()
	case err != nil:
		return err
	default:
		r.out.OK()
	}
	return nil
}

func (r *request) setOptions() (o distributed.SetOptions, err error) {
	for rest := r.args[3:]; len(rest) > 0; {
		word := strings.ToUpper(string(rest[0]))
		unit, isExpiry := expiryWords[word]
		switch {
		case word == "NX" && o.Condition != distributed.IfPresent:
			o.Condition, rest = distributed.IfAbsent, rest[1:]
		case word == "XX" && o.Condition != distributed.IfAbsent:
			o.Condition, rest = distributed.IfPresent, rest[1:]
		case word == "GET" || word == "KEEPTTL":
			return o, replyError("ERR a distributed cache does not serve 'set' with " + word)
		case isExpiry && len(rest) > 1 && o.ExpiresAt == 0:
			if o.ExpiresAt, err = r.expiry(rest[1], unit, true); err != nil {
				return o, err
			}
			rest = rest[2:]
		default:
			return o, errSyntax
		}
	}
	return o, nil
}

func setnx(r *request) error {
	err := r.server.cache.Set(r.ctx, r.args[1], r.args[2], distributed.SetOptions{Condition: distributed.IfAbsent})
	switch {
	case errors.Is(err, distributed.ErrNotStored):
		r.out.Int(0)
	case err != nil:
		return err
	default:
		r.out.Int(1)
	}
	return nil
}

// setFor is SETEX or PSETEX.
func setFor(u unit) func(*request) error {
	return func(r *request) error {
		at, err := r.expiry(r.args[2], u, true)
		if err != nil {
			return err
		}
		if err := r.server.cache.Set(r.ctx, r.args[1], r.args[3], distributed.SetOptions{ExpiresAt: at}); err != nil {
			return err
		}
		r.out.OK()
		return nil
	}
}

// mset sets each key by itself: others may see some of them and not yet the rest.
func mset(r *request) error {
	pairs := r.args[1:]
	if len(pairs)%2 != 0 {
		return replyError("ERR wrong number of arguments for 'mset' command")
	}
	err := each(len(pairs)/2, func(i int) error {
		return r.server.cache.Set(r.ctx, pairs[2*i], pairs[2*i+1], distributed.SetOptions{})
	})
	if err != nil {
		return err
	}
	r.out.OK()
	return nil
}
