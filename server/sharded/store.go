package sharded

import (
	"context"
	"net"
	"net/http"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server/figures"
)

// Store is the database of a cluster.
type Store struct {
	keyspace // the default one
	member   cluster.Member
	peers    *http.Client
	stale    figures.StaleReadCount
}

// New is the database of the cluster that member is this node's membership in, which has a number or
// an empty one. Peer ports are reached by dial, which sees to authentication and encryption; nil is a
// plain connection.
func New(member cluster.Member, number string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Store {
	s := &Store{member: member, peers: &http.Client{Transport: naming{newTransport(dial), number}}}
	s.keyspace.store = s
	return s
}

// Close closes the connections to other nodes that are idle.
func (s *Store) Close() { s.peers.CloseIdleConnections() }

// Member is this node's membership.
func (s *Store) Member() cluster.Member { return s.member }

// ShardOf is the shard of a key.
func (s *Store) ShardOf(key []byte) int {
	return s.member.Topology().ShardOf(cluster.Slot(key))
}
