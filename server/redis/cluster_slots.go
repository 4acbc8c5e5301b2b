package redis

import (
	"strconv"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// slotCommands are those of CLUSTER about the keys of one slot. A shard keeps its keys in their
// order, whatever their slots are, so all of them are looked at.
func slotCommands() []*Command {
	return []*Command{
		{Name: "countkeysinslot", Arity: 3, Flags: flagReadonly | flagStale, Group: "cluster", Syntax: "<slot>", Summary: "Counts the keys of a slot.", Since: "3.0.0", Complexity: "O(N) where N is the number of keys of the slot's shard", run: countKeysInSlot, across: slotAcross},
		{Name: "getkeysinslot", Arity: 4, Flags: flagReadonly | flagStale, Group: "cluster", Syntax: "<slot> <count>", Summary: "Gives some keys of a slot.", Since: "3.0.0", Complexity: "O(N) where N is the number of keys of the slot's shard", run: keysInSlot, across: slotAcross},
	}
}

// slotArgument is the argument that names a slot.
func (r *Request) slotArgument() (uint16, error) {
	n, err := strconv.ParseUint(string(r.args[2]), 10, 16)
	if err != nil || n >= cluster.SlotCount {
		return 0, Error("ERR Invalid slot")
	}
	return uint16(n), nil
}

// slotAcross has the node that serves a slot answer.
func slotAcross(r *Request) error {
	slot, err := r.slotArgument()
	if err != nil {
		return err
	}
	reply, err := r.atShard(cluster.ShardOf(slot, len(r.server.routing.parts)), r.cmd, r.args...)
	if err == nil {
		r.out.Buf = append(r.out.Buf, reply...)
	}
	return err
}

func countKeysInSlot(r *Request) error {
	count := int64(0)
	err := r.eachKeyInSlot(func([]byte) bool {
		count++
		return true
	})
	if err == nil {
		r.out.Int(count)
	}
	return err
}

func keysInSlot(r *Request) error {
	most, err := r.int(3)
	if err != nil {
		return err
	}
	if most < 0 {
		return Error("ERR Invalid number of keys")
	}
	return r.replyKeys(func(reply func(key []byte)) error {
		left := most
		return r.eachKeyInSlot(func(key []byte) bool {
			if left > 0 {
				reply(key)
				left--
			}
			return left > 0
		})
	})
}

// eachKeyInSlot calls do with the keys of a slot, in their order, until that returns false.
func (r *Request) eachKeyInSlot(do func(key []byte) bool) error {
	if r.server.routing == nil {
		return errNoCluster
	}
	slot, err := r.slotArgument()
	if err != nil {
		return err
	}
	walk := r.keys().Scan(mantisdb.Range{KeysOnly: true})
	for key := range walk.All() {
		if cluster.Slot(key) == slot && !do(key) {
			return nil
		}
	}
	return walk.Err()
}
