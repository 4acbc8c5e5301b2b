package cachenode

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/internal/loglimit"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/redis"
)

// Config says what to serve, and to whom.
type Config struct {
	Cache   *distributed.Cache
	Version string    // of the program
	Users   *acl.List // those who may use it
	// Limits bound what a client may take. Those of transactions, of the memory of all clients
	// and of what others send a client do not matter here.
	Limits redis.Limits
	Logger *slog.Logger
}

// Server speaks the Redis protocol. It is a server.RedisServer.
type Server struct {
	cache    *distributed.Cache
	version  string
	users    *acl.List
	limits   redis.Limits
	logger   *slog.Logger
	limited  *loglimit.Logger // of what clients cause
	commands map[string]*command

	mu          sync.Mutex
	connections map[*connection]struct{}
	lastID      int64
	ending      bool
	serving     sync.WaitGroup
}

// NewServer makes a server.
func NewServer(c Config) *Server {
	return &Server{
		cache: c.Cache, version: c.Version, users: c.Users, limits: c.Limits.WithDefaults(),
		logger: c.Logger, limited: loglimit.New(c.Logger),
		commands: commandTable(), connections: map[*connection]struct{}{},
	}
}

// ServeConn answers a connection until it ends, and closes it.
func (s *Server) ServeConn(conn net.Conn) {
	defer conn.Close()
	c := newConnection(s, conn)
	switch s.admit(c) {
	case admitted:
		defer s.leave(c)
		c.serve()
	case tooMany:
		s.limited.Warn("a client was refused, since there are too many", "client", c.address(), "max_clients", s.limits.MaxClients)
		c.out.Error("ERR max number of clients reached")
		c.flush()
	}
}

// admission is whether a client is let in.
type admission int

const (
	admitted admission = iota
	tooMany
	atTheEnd
)

func (s *Server) admit(c *connection) admission {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending:
		return atTheEnd
	case len(s.connections) >= s.limits.MaxClients:
		return tooMany
	}
	s.lastID++
	c.id = s.lastID
	s.connections[c] = struct{}{}
	s.serving.Add(1)
	return admitted
}

func (s *Server) leave(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, c)
	s.serving.Done()
}

// clients is how many there are.
func (s *Server) clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.connections)
}

// Shutdown lets every client have the answers to what it has sent, and disconnects it. Who is
// not done when ctx is, is cut off, and the context's error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.ending = true
	for c := range s.connections {
		c.conn.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.connections {
			c.conn.Close()
		}
		return ctx.Err()
	}
}
