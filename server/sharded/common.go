package sharded

import (
	"fmt"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// CommonShard is the one shard of all keys and ranges that read calls its function with, or
// cluster.ErrCrossShard; any shard if there are none.
func (s *Store) CommonShard(read func(visit func(*wire.Record) error) error) (shard int, err error) {
	t := s.member.Topology()
	shard = -1
	err = read(func(rec *wire.Record) error {
		in, err := shardOfRecord(t, rec)
		if err == nil && shard >= 0 && in != shard {
			err = fmt.Errorf("%w; give keys that belong together the same tag in braces, as user:{42}:name and user:{42}:mail", cluster.ErrCrossShard)
		}
		shard = in
		return err
	})
	return max(shard, 0), err
}

// shardOfRecord is the shard of a record's key or of its range.
func shardOfRecord(t *cluster.Topology, rec *wire.Record) (int, error) {
	if rec.HasKey {
		return t.ShardOf(cluster.Slot(rec.Key)), mantisdb.CheckKey(rec.Key)
	}
	if shard, ok := shardOfRange(t, rec.Range.Range()); ok {
		return shard, nil
	}
	return 0, fmt.Errorf("%w, and a range is in one if its prefix has a whole tag, as user:{42}:; delete it by a request of its own", cluster.ErrCrossShard)
}

// shardOfRange is the shard of all keys of a range, if it is one.
func shardOfRange(t *cluster.Topology, r mantisdb.Range) (shard int, ok bool) {
	if len(t.Shards) == 1 {
		return 0, true
	}
	slot, ok := cluster.SlotOfPrefix(commonPrefix(r))
	return t.ShardOf(slot), ok
}

// commonPrefix is what all keys of a range begin with, or a part of it.
func commonPrefix(r mantisdb.Range) []byte {
	n := 0
	for n < min(len(r.Start), len(r.End)) && r.Start[n] == r.End[n] {
		n++
	}
	// As the range of a prefix ends: with the prefix whose last byte is greater by one.
	if n+1 == len(r.End) && n < len(r.Start) && r.Start[n]+1 == r.End[n] {
		n++
	}
	return r.Start[:n]
}
