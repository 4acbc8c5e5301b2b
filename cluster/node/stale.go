package node

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster/replica"
)

// Replica implements cluster.Member.
func (n *Node) Replica(shard int, bound time.Duration) (db *mantisdb.DB, age time.Duration) {
	g := n.replicas[shard].Load()
	if g == nil {
		return nil, 0
	}
	age, fresh := g.fresh.Within(bound)
	if !fresh {
		return nil, 0
	}
	db, err := g.stale.database(g)
	if err != nil { // as while the catalog changes; the leader is asked then
		return nil, 0
	}
	return db, age
}

// staleReads has the database for reads of a replica as it is.
type staleReads struct {
	opening sync.Mutex
	open    atomic.Pointer[openFollower]
}

// openFollower is a database upon a state of the replica's catalog.
type openFollower struct {
	db       *mantisdb.DB
	follower *replica.Follower
}

// database is the database of the replica's catalog as it is now.
func (s *staleReads) database(g *group) (*mantisdb.DB, error) {
	if open := s.open.Load(); open != nil && open.follower.Err() == nil {
		return open.db, nil
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	if open := s.open.Load(); open != nil && open.follower.Err() == nil {
		return open.db, nil
	}
	follower, err := g.replica.Follow()
	if err != nil {
		return nil, err
	}
	// One before needs no Close, which would have reads that are under way fail for another
	// reason: it has nothing of its own.
	db, err := mantisdb.OpenReadOnly(follower, g.logger)
	if err != nil {
		return nil, err
	}
	s.open.Store(&openFollower{db, follower})
	return db, nil
}
