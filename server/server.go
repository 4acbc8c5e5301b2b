package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/mantisdb/mantisdb/internal/eventloop"
	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// Timeouts and limits of a connection. Those of request and response bodies are
// where they begin: a handler that reads or writes a long body extends them as
// long as it gets ahead.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute

	// maxHeaderBytes bounds the request line and the headers together. A key of
	// 64 KiB with every byte percent-encoded takes 192 KiB of it.
	maxHeaderBytes = 256 << 10
)

// Server runs the protocols on a listener.
type Server struct {
	http            http.Server
	httpConnections httpConnections
	redis           RedisServer
	tls             *tls.Config
	logger          *slog.Logger
	shutdownTimeout time.Duration
	connections     connections
	loops           *eventloop.Group // nil: there are none on this system
}

// RedisServer speaks the Redis protocol.
type RedisServer interface {
	// ServeConn answers a connection until it ends, and closes it; one that an event loop
	// watches, there, after it has returned.
	ServeConn(conn net.Conn)
	// Shutdown answers what clients have sent, and disconnects them; by force, once ctx
	// is done, with its error.
	Shutdown(ctx context.Context) error
}

// Config says what to serve.
type Config struct {
	HTTP http.Handler
	// Redis answers what is not HTTP; without it, everything is taken for HTTP.
	Redis RedisServer
	// TLS encrypts every connection but those of a Unix socket; nil: none.
	TLS    *tls.Config
	Logger *slog.Logger
	// ShutdownTimeout is how long requests in flight may take to finish once
	// the server is told to end; they are cut off after it.
	ShutdownTimeout time.Duration
	// EndStreams, if there is one, is called once the server is told to end: it ends
	// the answers that would go on without end.
	EndStreams func()
}

// New makes a server, which Serve then runs.
func New(c Config) *Server {
	s := &Server{
		http: http.Server{
			Handler:           c.HTTP,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(c.Logger.Handler(), slog.LevelWarn),
		},
		redis:           c.Redis,
		tls:             c.TLS,
		logger:          c.Logger,
		shutdownTimeout: c.ShutdownTimeout,
	}
	s.http.ConnState = s.httpConnections.note
	if c.EndStreams != nil {
		s.http.RegisterOnShutdown(c.EndStreams)
	}
	return s
}

// Serve answers on the listeners until ctx is done. Then it takes no new requests,
// finishes those in flight, and returns nil. What is not finished within the shutdown
// timeout is cut off, and that is an error. It closes the listeners. A server serves once.
func (s *Server) Serve(ctx context.Context, listeners ...*Listener) error {
	if s.redis != nil {
		s.startLoops()
		defer s.stopLoops()
	}
	conns := newHanded(listeners[0].Addr())
	ports := s.ports(conns, listeners)
	failed := make(chan error, len(ports)+1)
	for _, p := range ports {
		go func() { failed <- p.serve() }()
	}
	go func() { failed <- s.http.Serve(conns) }()
	closePorts := func() {
		for _, p := range ports {
			p.close()
		}
	}
	select {
	case err := <-failed:
		closePorts()
		return errors.Join(err, s.shutdown())
	case <-ctx.Done():
	}
	s.logger.Info("shutting down, finishing the requests in flight", "timeout", s.shutdownTimeout)
	closePorts()
	return s.shutdown()
}

// startLoops makes the event loops, one for every two processors. Without them, as on other
// systems than Linux, a goroutine serves each connection.
func (s *Server) startLoops() {
	loops, err := eventloop.New(max(runtime.GOMAXPROCS(0)/2, 1))
	if err != nil {
		s.logger.Debug("each connection has a goroutine of its own", "reason", err.Error())
		return
	}
	s.loops = loops
}

func (s *Server) stopLoops() {
	if s.loops != nil {
		s.loops.Close()
	}
}

func (s *Server) ports(conns *handed, listeners []*Listener) []*port {
	var ports []*port
	for _, l := range listeners {
		p := &port{listener: l, http: conns, waiting: map[net.Conn]struct{}{}, only: protocolHTTP, given: &s.connections, log: loglimit.New(s.logger)}
		if s.redis != nil {
			p.redis, p.only, p.loops = s.redis.ServeConn, protocolUnknown, s.loops
			if l.RedisOnly {
				p.only = protocolRedis
			}
			if l.ServeRedis != nil {
				p.redis = l.ServeRedis
			}
		}
		if l.Addr().Network() != "unix" {
			p.tls = s.tls
		}
		ports = append(ports, p)
	}
	return ports
}

// shutdown ends both protocols at the same time. Who takes nothing of what it is sent is
// not waited for.
func (s *Server) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.shutdownTimeout)
	defer cancel()
	go s.connections.cutStuck(s.logger, ctx.Done())
	ended := make(chan error, 1)
	go func() {
		if s.redis == nil {
			ended <- nil
			return
		}
		ended <- s.redis.Shutdown(ctx)
	}()
	err := errors.Join(s.http.Shutdown(ctx), <-ended)
	if errors.Is(err, context.DeadlineExceeded) {
		s.http.Close()
		return errors.New("requests were still in flight at the end of the shutdown timeout and were cut off")
	}
	return err
}
