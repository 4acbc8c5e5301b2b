package redis

import "github.com/mantisdb/mantisdb"

func get(r *Request) error {
	value, found, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	r.bulkOrNull(value.Bytes, found)
	return nil
}

// mget replies the values of all keys, as of one moment.
func mget(r *Request) error {
	keys := r.args[1:]
	if r.tx == nil {
		return r.mgetDirect(keys)
	}
	r.out.Array(len(keys))
	for _, key := range keys {
		value, found, err := r.read(key)
		if err != nil {
			return err
		}
		r.bulkOrNull(value.Bytes, found)
	}
	return nil
}

func (r *Request) mgetDirect(keys [][]byte) error {
	values := &r.client.run.values
	values.SetLimit(r.server.limits.MaxReply)
	if err := r.keyspace().MultiGetInto(values, keys); err != nil {
		return err
	}
	begin := len(r.out.Buf)
	r.out.Array(len(keys))
	for i := range keys {
		r.bulkOrNull(values.At(i))
	}
	if len(r.out.Buf)-begin > keepReply {
		*values = mantisdb.Values{}
	}
	return nil
}

func strlen(r *Request) error {
	value, _, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	r.out.Int(int64(len(value.Bytes)))
	return nil
}

// getdel replies a value that is no more.
func getdel(r *Request) error {
	value, existed, err := r.take(r.args[1])
	if err != nil {
		return err
	}
	if existed {
		r.notify(notifyGeneric, "del", r.args[1])
	}
	r.bulkOrNull(value, existed)
	return nil
}

// getex is GETEX key [EX seconds | PX milliseconds | EXAT time | PXAT time | PERSIST].
func getex(r *Request) error {
	option, persist, err := r.parseGetexOptions()
	if err != nil {
		return err
	}
	key := r.args[1]
	value, found, err := r.read(key)
	if err != nil {
		return err
	}
	if !found {
		r.out.Null()
		return nil
	}
	e, err := r.expiryOf(option)
	if err != nil {
		return err
	}
	r.out.Bulk(value.Bytes)
	switch {
	case e.at != 0 && e.at <= r.now.UnixMilli():
		r.notify(notifyGeneric, "del", key)
		return r.delete(key)
	case e.at != 0:
		r.notify(notifyGeneric, "expire", key)
		return r.put(key, value.Bytes, e.at)
	case persist && value.ExpiresAt != 0:
		r.notify(notifyGeneric, "persist", key)
		return r.put(key, value.Bytes, 0)
	}
	return nil
}

func (r *Request) parseGetexOptions() (option expiryOption, persist bool, err error) {
	for i := 2; i < len(r.args); i++ {
		switch {
		case is(r.args[i], "PERSIST") && !option.given():
			persist = true
		case !persist && option.take(r.args[i:]):
			i++
		default:
			return option, persist, errSyntax
		}
	}
	return option, persist, nil
}
