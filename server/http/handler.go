package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
)

// Handler answers the HTTP API over a store.
type Handler struct {
	store   server.Store
	log     *slog.Logger
	about   About
	mux     *http.ServeMux
	origin  *http.CrossOriginProtection
	users   *acl.List    // nil: whoever asks may do everything
	metrics http.Handler // of Prometheus; nil: there are none

	streams    context.Context // ends when streams are to end
	endStreams context.CancelFunc
}

// NewHandler makes the handler of store. What fails in the server is logged to
// log, and each request at level debug.
func NewHandler(store server.Store, log *slog.Logger, about About) *Handler {
	h := &Handler{store: store, log: log, about: about, origin: http.NewCrossOriginProtection()}
	h.streams, h.endStreams = context.WithCancel(context.Background())
	h.mux = h.newMux()
	return h
}

// WithMetrics has the handler answer /metrics by another one, for those who may read
// figures. It is to be called before the first request.
func (h *Handler) WithMetrics(metrics http.Handler) *Handler {
	h.metrics = metrics
	h.mux = h.newMux()
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.log.Enabled(r.Context(), slog.LevelDebug) {
		recorder := &statusRecorder{ResponseWriter: w}
		defer h.logRequest(r, recorder, time.Now())
		w = recorder
	}
	defer h.contain(r)
	// A page of another site must not write through the browser of someone who
	// can reach the server.
	if err := h.origin.Check(r); err != nil {
		h.writeProblem(w, r, newProblem(crossOrigin, "a browser may not send this from another site"))
		return
	}
	path, ok := entryPathOf(r.URL)
	if !ok || isBatch(r, path.key) {
		h.mux.ServeHTTP(w, r)
		return
	}
	if err := h.serveEntry(w, r, path); err != nil {
		h.writeProblem(w, r, err)
	}
}

// serveEntry answers a request for the entry of a path.
func (h *Handler) serveEntry(w http.ResponseWriter, r *http.Request, path entryPath) error {
	if err := h.admitEntry(r, path.key); err != nil {
		return err
	}
	if !path.isNamed {
		return h.serveKey(w, r, entry{h.store, path.key})
	}
	ks, err := h.store.Named(r.Context(), path.keyspace)
	if err != nil {
		return err
	}
	return h.serveKey(w, r, entry{ks, path.key})
}

// adapt makes a handler of the mux of serve.
func (h *Handler) adapt(serve handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := serve(w, r); err != nil {
			h.writeProblem(w, r, err)
		}
	}
}

// contain turns a panic into a line of the log and a connection that breaks off,
// since the answer may have begun.
func (h *Handler) contain(r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler {
		h.log.ErrorContext(r.Context(), "panic in a request", "method", r.Method,
			"path", r.URL.EscapedPath(), "panic", cause, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// problem is what the client is told of err; the log has what it is not told.
func (h *Handler) problem(r *http.Request, err error) *wire.Problem {
	p, internal := problemOf(err)
	if internal {
		h.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.EscapedPath(), "error", err)
	}
	return p
}

func (h *Handler) logRequest(r *http.Request, recorder *statusRecorder, began time.Time) {
	h.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelDebug, "request",
		slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()),
		slog.Int("status", recorder.status), slog.Int64("bytes", recorder.bytes),
		slog.Duration("took", time.Since(began)), slog.String("remote", r.RemoteAddr))
}

// statusRecorder keeps what was answered, for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (s *statusRecorder) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	n, err := s.ResponseWriter.Write(b)
	s.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
