package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
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
	logger          *slog.Logger
	shutdownTimeout time.Duration
}

// Config says what to serve.
type Config struct {
	HTTP   http.Handler
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
		logger:          c.Logger,
		shutdownTimeout: c.ShutdownTimeout,
	}
	if c.EndStreams != nil {
		s.http.RegisterOnShutdown(c.EndStreams)
	}
	return s
}

// Serve answers on l until ctx is done, then takes no new requests, finishes
// those in flight, and returns nil. What is not finished within the shutdown
// timeout is cut off, and that is an error. It closes l. A server serves once.
func (s *Server) Serve(ctx context.Context, l *Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.logger.Info("shutting down, finishing the requests in flight", "timeout", s.shutdownTimeout)
	return s.shutdown()
}

func (s *Server) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.shutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.http.Close()
		return errors.New("requests were still in flight at the end of the shutdown timeout and were cut off")
	}
	return err
}
