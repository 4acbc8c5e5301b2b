package cachenode

import (
	"sync/atomic"

	"github.com/mantisdb/mantisdb/server/acl"
)

// keyCommands are those that concern keys, whatever their values.
func keyCommands() []*command {
	write := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"keyspace", "write", "slow"}}
	}
	read := func(name string) acl.Command {
		return acl.Command{Name: name, Categories: []string{"keyspace", "read", "fast"}}
	}
	return []*command{
		{Command: write("del"), arity: -2, keys: writesKeys, run: del},
		{Command: write("unlink"), arity: -2, keys: writesKeys, run: del},
		{Command: read("exists"), arity: -2, keys: readsKeys, run: exists},
		{Command: read("type"), arity: 2, keys: readsKey, run: typeOf},
	}
}

// del removes each key by itself, and counts those that were there just before.
func del(r *request) error {
	return r.count(func(key []byte) (bool, error) { return r.server.cache.Delete(r.ctx, key) })
}

func exists(r *request) error {
	return r.count(func(key []byte) (bool, error) {
		_, found, err := r.find(key)
		return found, err
	})
}

// count replies of how many keys something is true.
func (r *request) count(is func(key []byte) (bool, error)) error {
	var n atomic.Int64
	err := each(len(r.args)-1, func(i int) error {
		yes, err := is(r.args[1+i])
		if yes {
			n.Add(1)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.out.Int(n.Load())
	return nil
}

func typeOf(r *request) error {
	_, found, err := r.find(r.args[1])
	if err != nil {
		return err
	}
	if found {
		r.out.Simple("string")
	} else {
		r.out.Simple("none")
	}
	return nil
}
