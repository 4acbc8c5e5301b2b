package server

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// stuckAfter is how long one write to a client may take while the server drains. Who takes
// nothing for that long is cut off, so that the others need not wait for the end of the
// shutdown timeout.
const stuckAfter = 2 * time.Second

// connections are those that the protocols were given and have not closed.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection tells whether a write to it is under way.
type connection struct {
	net.Conn
	of           *connections
	begun, ended atomic.Uint64 // writes
}

// track is a connection as the protocols are given it.
func (s *connections) track(conn net.Conn) *connection {
	c := &connection{Conn: conn, of: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[*connection]struct{})
	}
	s.open[c] = struct{}{}
	return c
}

// Write implements net.Conn.
func (c *connection) Write(b []byte) (int, error) {
	c.begun.Add(1)
	defer c.ended.Add(1)
	return c.Conn.Write(b)
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// NetConn is the connection that is tracked.
func (c *connection) NetConn() net.Conn { return c.Conn }

// CloseWrite ends what is sent, if the connection can do that.
func (c *connection) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// cutStuck cuts connections off, from now until done, to which one write takes longer than
// stuckAfter, or twice that.
func (s *connections) cutStuck(logger *slog.Logger, done <-chan struct{}) {
	ticker := time.NewTicker(stuckAfter)
	defer ticker.Stop()
	for before := s.writing(); ; before = s.writing() {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		for c, ended := range before {
			if c.ended.Load() == ended {
				logger.Warn("a client that does not read was cut off", "client", loglimit.Client(c.RemoteAddr()), "reason", "it takes nothing, and the server ends")
				c.Close()
			}
		}
	}
}

// writing are the connections to which a write is under way, and how many there were to
// each before it.
func (s *connections) writing() map[*connection]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	writing := make(map[*connection]uint64)
	for c := range s.open {
		if ended := c.ended.Load(); c.begun.Load() != ended {
			writing[c] = ended
		}
	}
	return writing
}
