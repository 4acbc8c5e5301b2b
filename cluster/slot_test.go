package cluster_test

import (
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// The slots are those that CLUSTER KEYSLOT of Redis 7.0 replies; the checksum of 123456789 is
// the check value that the catalog of CRCs gives for XMODEM.
func TestSlot(t *testing.T) {
	for key, want := range map[string]uint16{
		"":                     0,
		"123456789":            0x31c3,
		"foo":                  12182,
		"bar":                  5061,
		"{user1000}.following": 3443,
		"{user1000}.followers": 3443,
		"user1000":             3443,
		"foo{{bar}}zap":        4015,
		"{bar":                 4015,
		"foo{bar}{zap}":        5061,
	} {
		if got := cluster.Slot([]byte(key)); got != want {
			t.Errorf("Slot(%q) = %d, want %d", key, got, want)
		}
	}
	// A tag that is empty, or has no end, is none.
	if cluster.Slot([]byte("foo{}{bar}")) == cluster.Slot([]byte("bar")) {
		t.Error("a second part in braces was taken for the tag")
	}
}

// A prefix with the whole of a tag has the slot of all its keys, any other has none.
func TestSlotOfPrefix(t *testing.T) {
	for _, prefix := range []string{"", "user", "{user", "a{}b", "{}{user}"} {
		if slot, ok := cluster.SlotOfPrefix([]byte(prefix)); ok {
			t.Errorf("%q has the slot %d", prefix, slot)
		}
	}
	for _, prefix := range []string{"{user1000}", "a{user1000}b"} {
		if slot, ok := cluster.SlotOfPrefix([]byte(prefix)); !ok || slot != 3443 {
			t.Errorf("%q: %d, %v", prefix, slot, ok)
		}
	}
}

func TestEveryShardHasItsSlots(t *testing.T) {
	for _, shards := range []int{1, 3, 16, 1000, cluster.SlotCount} {
		topology := cluster.Topology{Shards: make([]cluster.Shard, shards)}
		next := 0
		for shard := range shards {
			first, last := topology.Slots(shard)
			if int(first) != next || last < first {
				t.Fatalf("shard %d of %d has the slots %d to %d, the one before ended at %d", shard, shards, first, last, next-1)
			}
			for _, slot := range []uint16{first, last} {
				if got := topology.ShardOf(slot); got != shard {
					t.Fatalf("slot %d is of shard %d, and within that of shard %d", slot, got, shard)
				}
			}
			next = int(last) + 1
		}
		if next != cluster.SlotCount {
			t.Fatalf("%d shards end at slot %d", shards, next-1)
		}
	}
}
