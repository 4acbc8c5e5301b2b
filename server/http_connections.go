package server

import (
	"net"
	"net/http"
	"sync/atomic"

	"github.com/mantisdb/mantisdb/server/figures"
)

// httpConnections counts the open connections of HTTP.
type httpConnections struct{ open atomic.Int64 }

// note follows a connection, as http.Server.ConnState does.
func (c *httpConnections) note(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.open.Add(-1)
	}
}

// AddFigures adds what the server has to tell of connections.
func (s *Server) AddFigures(all *figures.Snapshot) {
	all.HTTP.Connections = int(s.httpConnections.open.Load())
}
