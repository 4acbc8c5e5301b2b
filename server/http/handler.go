package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/loglimit"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/benchmarks"
	"github.com/mantisdb/mantisdb/server/clientmemory"
	"github.com/mantisdb/mantisdb/server/control"
	"github.com/mantisdb/mantisdb/server/dashboard"
	"github.com/mantisdb/mantisdb/server/figures"
	"github.com/mantisdb/mantisdb/server/sharded"
)

// Handler answers the HTTP API over a database, or over those of a cluster.
type Handler struct {
	store    server.Store
	database server.Database // the store, if it is in one piece; else nil
	shards   *sharded.Store  // the store, if it is a cluster's; else nil

	log     *slog.Logger
	limited *loglimit.Logger // of what clients cause
	about   About
	mux     *http.ServeMux
	origin  *http.CrossOriginProtection
	users   *acl.List    // nil: whoever asks may do everything
	metrics http.Handler // of Prometheus; nil: there are none
	figures *figures.Collector
	history *figures.History

	control  control.Server      // nil: there is none
	settings []control.Parameter // beside those of control

	benchmarks *benchmarks.Runs // nil: there are none

	administrator cluster.Administrator // nil: there is no cluster

	dashboard *dashboard.Dashboard // nil: there is none

	counted        []*routeFigures // all there are
	entries, named entryFigures    // of the default keyspace, and of the others
	others         *routeFigures   // of what is none of the API

	memory *clientmemory.Pool // of all requests; nil: it has no bound

	streams    context.Context // ends when streams are to end
	endStreams context.CancelFunc
}

// NewHandler makes the handler of a database. What fails in the server is logged to
// log, and each request at level debug.
func NewHandler(db server.Database, log *slog.Logger, about About) *Handler {
	return (&Handler{store: db, database: db}).begin(log, about)
}

// NewClusterHandler is NewHandler for a node of a cluster.
func NewClusterHandler(store *sharded.Store, log *slog.Logger, about About) *Handler {
	about.Shards = len(store.Member().Topology().Shards)
	return (&Handler{store: store, shards: store}).begin(log, about)
}

func (h *Handler) begin(log *slog.Logger, about About) *Handler {
	h.log, h.limited, h.about = log, loglimit.New(log), about
	h.origin = http.NewCrossOriginProtection()
	h.streams, h.endStreams = context.WithCancel(context.Background())
	h.routeAll()
	return h.WithFigures(figures.NewCollector(about.Version, h.store))
}

// WithFigures has the handler tell the figures of a collector, to which it adds its part.
// It is to be called before the first request.
func (h *Handler) WithFigures(from *figures.Collector) *Handler {
	h.figures, h.history = from, figures.NewHistory(from)
	from.Add(h.addFigures)
	return h
}

// WithHistory has the handler tell what was in the past, too. It is to be called before the
// first request, and after WithFigures.
func (h *Handler) WithHistory(history *figures.History) *Handler {
	h.history = history
	return h
}

// WithClientMemory bounds what all requests take of memory together, bodies and values that
// are longer than 64 KiB: what would take more is refused. It is to be called before the first
// request.
func (h *Handler) WithClientMemory(pool *clientmemory.Pool) *Handler {
	h.memory = pool
	return h
}

// WithMetrics has the handler answer /metrics by another one, for those who may read
// figures. It is to be called before the first request.
func (h *Handler) WithMetrics(metrics http.Handler) *Handler {
	h.metrics = metrics
	h.routeAll()
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := h.record(w)
	defer h.end(r, rec)
	defer h.contain(r, rec)
	path, isEntry := h.find(rec, r)
	// A page of another site must not write through the browser of someone who
	// can reach the server.
	if err := h.origin.Check(r); err != nil {
		h.writeProblem(rec, r, newProblem(crossOrigin, "a browser may not send this from another site"))
		return
	}
	if !isEntry {
		h.mux.ServeHTTP(rec, r)
		return
	}
	if err := h.serveEntry(rec, r, path); err != nil {
		h.writeProblem(rec, r, err)
	}
}

// find tells whether a request is for an entry, and for which. Of all else the mux knows
// the route.
func (h *Handler) find(rec *recorder, r *http.Request) (path entryPath, isEntry bool) {
	path, isEntry = entryPathOf(r.URL)
	switch {
	case !isEntry || isBatch(r, path.key):
		return path, false
	case path.isNamed:
		rec.route = h.named.of(r.Method)
	default:
		rec.route = h.entries.of(r.Method)
	}
	return path, true
}

// end counts a request, and logs it if that is asked for.
func (h *Handler) end(r *http.Request, rec *recorder) {
	if rec.status == 0 {
		rec.status = http.StatusOK // which net/http answers then
	}
	took := time.Since(rec.began)
	rec.route.count(rec.shard, rec.status, rec.sent, took)
	if h.log.Enabled(r.Context(), slog.LevelDebug) {
		h.logRequest(r, rec, took)
	}
	rec.release()
}

// serveEntry answers a request for the entry of a path.
func (h *Handler) serveEntry(w http.ResponseWriter, r *http.Request, path entryPath) error {
	if err := h.admitEntry(r, path.key); err != nil {
		return err
	}
	if h.shards != nil {
		return h.serveEntryInShards(w, r, path)
	}
	return h.serveEntryOf(w, r, h.database, path)
}

// serveEntryOf answers a request for the entry of a path in a database.
func (h *Handler) serveEntryOf(w http.ResponseWriter, r *http.Request, db server.Database, path entryPath) error {
	if !path.isNamed {
		return h.serveKey(w, r, entry{db, path.key})
	}
	ks, err := db.Table(r.Context(), path.keyspace)
	if err != nil {
		return err
	}
	return h.serveKey(w, r, entry{ks, path.key})
}

// adapt makes a handler of the mux of serve, which counts in a route's figures.
func (h *Handler) adapt(route *routeFigures, serve handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		routed(w, route)
		if err := serve(w, r); err != nil {
			h.writeProblem(w, r, err)
		}
	}
}

// contain turns a panic into a line of the log and a connection that breaks off,
// since the answer may have begun.
func (h *Handler) contain(r *http.Request, rec *recorder) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler {
		h.log.ErrorContext(r.Context(), "panic in a request", "client", clientOf(r), "method", r.Method,
			"path", r.URL.EscapedPath(), "panic", cause, "stack", string(debug.Stack()))
	}
	if rec.status == 0 {
		rec.status = http.StatusInternalServerError
	}
	panic(http.ErrAbortHandler)
}

// problem is what the client is told of err; the log has what it is not told.
func (h *Handler) problem(r *http.Request, err error) *wire.Problem {
	p, internal := problemOf(err)
	if internal {
		h.limited.Error("request failed", "client", clientOf(r), "method", r.Method, "path", r.URL.EscapedPath(), "error", err.Error())
	}
	return p
}

func (h *Handler) logRequest(r *http.Request, rec *recorder, took time.Duration) {
	h.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelDebug, "request",
		slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.sent),
		slog.Duration("took", took), slog.String("client", clientOf(r)))
}

// logAdmin tells of something that a client has changed in the server.
func (h *Handler) logAdmin(r *http.Request, message string, args ...any) {
	h.log.InfoContext(r.Context(), message, append([]any{"client", clientOf(r), "user", h.userName(r)}, args...)...)
}

// clientOf is where a request comes from; clients of a Unix socket have no address.
func clientOf(r *http.Request) string { return cmp.Or(r.RemoteAddr, "@") }
