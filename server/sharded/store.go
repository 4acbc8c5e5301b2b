package sharded

import (
	"context"
	"net"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// Store is the database of a cluster.
type Store struct {
	keyspace // the default one
	member   cluster.Member
	peers    *http.Client
}

// New is the database of the cluster that member is this node's membership in. Peer ports are
// reached by dial, which sees to authentication and encryption; nil is a plain connection.
func New(member cluster.Member, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Store {
	s := &Store{member: member, peers: &http.Client{Transport: newTransport(dial)}}
	s.keyspace.store = s
	return s
}

// Close closes the connections to other nodes that are idle.
func (s *Store) Close() { s.peers.CloseIdleConnections() }

// Member is this node's membership.
func (s *Store) Member() cluster.Member { return s.member }

// StaleReader is a Member that has replicas which can be read as they are.
type StaleReader interface {
	// Stale is this node's replica of a shard, to be read alone, or an error if it has
	// none. What it has may be old.
	Stale(shard int) (*mantisdb.DB, error)
}

// Replica is a replica of a shard that this node has, for reads that may be stale; nil if it
// has none.
func (s *Store) Replica(shard int) *mantisdb.DB {
	reader, ok := s.member.(StaleReader)
	if !ok {
		return nil
	}
	db, err := reader.Stale(shard)
	if err != nil {
		return nil
	}
	return db
}

// ShardOf is the shard of a key.
func (s *Store) ShardOf(key []byte) int {
	return s.member.Topology().ShardOf(cluster.Slot(key))
}
