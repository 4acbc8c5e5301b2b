package sharded

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/figures"
)

// ReadReplica calls read with this node's replica of a shard, if that is fresh within a bound, and
// with its age, and tells whether all was read: else, and then err is nil, the leader is to be asked.
func (s *Store) ReadReplica(shard int, bound time.Duration, read func(db *mantisdb.DB, age time.Duration) error) (done bool, err error) {
	if db, age := s.member.Replica(shard, bound); db != nil {
		err = read(db, age)
		// A keyspace that it does not know may have been made.
		if !mayTryAgain(err) && !errors.Is(err, mantisdb.ErrKeyspaceNotFound) {
			s.stale.Local(1)
			return true, err
		}
	}
	s.stale.PassedOn(1)
	return false, nil
}

// StaleReads are how many reads there were of ReadReplica.
func (s *Store) StaleReads() figures.StaleReads { return s.stale.Sum() }

// NamedStale is Named for reads that may be stale within a bound.
func (s *Store) NamedStale(ctx context.Context, name string, bound time.Duration) (server.Keyspace, error) {
	if db, _ := s.member.Replica(firstShard, bound); db != nil {
		if ks, err := db.Keyspace(name); err == nil {
			return keyspace{store: s, info: mantisdb.KeyspaceInfo{Name: name, Options: ks.Options()}}, nil
		}
	}
	return s.Named(ctx, name)
}

// stale is what reads of a keyspace have in common that may be stale.
type stale struct {
	bound  time.Duration
	oldest atomic.Int64 // the age of the oldest replica that was read, in nanoseconds; 0 is none
}

// note has the oldest be as old as a replica that is read.
func (s *stale) note(age time.Duration) {
	for {
		now := s.oldest.Load()
		if now >= int64(age) || s.oldest.CompareAndSwap(now, int64(age)) {
			return
		}
	}
}

// Stale is the keyspace for scans that may be stale within a bound.
func (k keyspace) Stale(bound time.Duration) server.Keyspace {
	k.stale = &stale{bound: bound}
	return k
}

// Age is that of the oldest replica which scans of the keyspace have read; 0 if they have read none.
func (k keyspace) Age() time.Duration {
	if k.stale == nil {
		return 0
	}
	return time.Duration(k.stale.oldest.Load())
}
