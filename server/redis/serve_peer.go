package redis

import (
	"net"

	"github.com/mantisdb/mantisdb/server/acl"
)

// ServePeer answers a connection of another node of the cluster until it ends, and closes it.
// It has all rights: who may connect is for the caller to see to. What it asks for is
// executed here or not at all, and never passed on.
func (s *Server) ServePeer(conn net.Conn) {
	s.serving.Add(1)
	c := s.newClient(conn)
	c.isPeer = true
	c.letIn(acl.Everybody(), s.users.Changes())
	s.peerClients.add(c, maxPeerClients)
	if s.ending.Load() { // and may not have seen it
		c.conn.Close()
	}
	s.rates.begin(s)
	c.attend()
}

// maxPeerClients is no bound: each peer bounds its own.
const maxPeerClients = 1 << 30
