package httpapi

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// handlerFunc answers a request, or returns why it cannot and has then written
// nothing.
type handlerFunc func(http.ResponseWriter, *http.Request) error

// route is a resource that is not an entry.
type route struct {
	method string
	path   string
	needs  right
	serve  handlerFunc
}

// storeRoute is a resource of a store, its path the part behind apiPath.
type storeRoute struct {
	method string
	path   string
	needs  right
	serve  func(http.ResponseWriter, *http.Request, server.Store) error
}

// keyspaceRoute is a resource that every keyspace has; its path is the part behind that
// of the keyspace.
type keyspaceRoute struct {
	method string
	path   string
	needs  right
	serve  func(http.ResponseWriter, *http.Request, server.Keyspace) error
}

// stepRoute is a resource of every keyspace, to do several things in one step; its path is as
// that of a keyspaceRoute.
type stepRoute struct {
	method string
	path   string
	needs  right
	serve  func(http.ResponseWriter, *http.Request, server.Database, server.Table) error
	// visit reads a body without doing what it says, and calls visit with each of its keys
	// and ranges.
	visit func(body io.Reader, visit func(*wire.Record) error) error
}

// Paths of the API. That of a keyspace is followed by what the default one has behind
// apiPath.
const (
	apiPath       = "/api/v1"
	keyspacesPath = apiPath + keyspacesPart
	keyspacePath  = apiPath + keyspacePart

	keyspacesPart = "/keyspaces"
	keyspacePart  = keyspacesPart + "/{" + keyspaceWildcard + "}"

	keyspaceWildcard = "keyspace"

	watchPath         = "/watch" // in a keyspace
	figuresPath       = apiPath + "/figures"
	figuresStreamPath = figuresPath + "/stream"
)

// isStream tells the pattern of resources whose answers go on until somebody ends them.
func isStream(path string) bool {
	return path == figuresStreamPath || strings.HasSuffix(path, watchPath)
}

// batchKey is what stands in a batch's path in place of a key.
const batchKey = "batch"

// isBatch tells a batch, which is a POST without an operation on a key, from a request
// for the key "batch".
func isBatch(r *http.Request, key []byte) bool {
	return string(key) == batchKey && r.Method == http.MethodPost && !namesOperation(r.URL.RawQuery)
}

// keyspaceRoutes are the resources of a keyspace but the entries, which serveKey answers
// for, and those of stepRoutes.
func (h *Handler) keyspaceRoutes() []keyspaceRoute {
	return []keyspaceRoute{
		{http.MethodGet, "/scan", readKeys, h.scan},
		{http.MethodGet, watchPath, readKeys, h.watch},
		{http.MethodDelete, "/range", writeRange, h.deleteRange},
	}
}

// stepRoutes are the resources of a keyspace that do several things in one step.
func (h *Handler) stepRoutes() []stepRoute {
	return []stepRoute{
		{http.MethodPost, "/kv/" + batchKey, writeKeys, h.batch, wire.VisitBatch},
		{http.MethodPost, "/transaction", writeKeys, h.transaction, wire.VisitTransaction},
	}
}

// storeRoutes are the resources of a store.
func (h *Handler) storeRoutes() []storeRoute {
	return []storeRoute{
		{http.MethodGet, "/engine", readFigures, h.engine},
		{http.MethodGet, "/applied-index", readFigures, h.appliedIndex},
		{http.MethodPost, "/sync", administrate, h.sync},
		{http.MethodGet, "/backup", readEverything, h.backup},
		{http.MethodPost, "/checkpoint", administrate, h.checkpoint},
		{http.MethodGet, keyspacesPart, readFigures, h.listKeyspaces},
		{http.MethodPost, keyspacesPart, administrate, h.createKeyspace},
		{http.MethodGet, keyspacePart, readFigures, h.getKeyspace},
		{http.MethodDelete, keyspacePart, dropKeyspaces, h.dropKeyspace},
	}
}

// routes are all resources but the entries.
func (h *Handler) routes() []route {
	routes := []route{
		{http.MethodGet, "/", nothing, h.index},
		{http.MethodGet, "/health", nothing, h.health},
		{http.MethodGet, "/health/live", nothing, h.live},
		{http.MethodGet, "/health/ready", nothing, h.ready},
		{http.MethodGet, "/api/v1/health", nothing, h.health},
		{http.MethodGet, "/api/v1/version", nothing, h.version},
		{http.MethodGet, "/api/v1/whoami", somebody, h.whoami},
		{http.MethodGet, "/api/v1/stats", readFigures, h.stats},
		{http.MethodGet, figuresPath, readFigures, h.figuresHistory},
		{http.MethodGet, figuresStreamPath, readFigures, h.streamFigures},
		{http.MethodGet, "/api/v1/warnings", readFigures, h.warnings},
		{http.MethodGet, "/api/v1/openapi.yaml", nothing, h.openAPI},
	}
	if h.metrics != nil {
		routes = append(routes, route{http.MethodGet, "/metrics", readFigures, h.serveMetrics})
	}
	if h.control != nil {
		routes = append(routes, h.controlRoutes()...)
	}
	if h.benchmarks != nil {
		routes = append(routes, h.benchmarkRoutes()...)
	}
	if h.administrator != nil {
		routes = append(routes, h.clusterRoutes()...)
	}
	if h.dashboard != nil {
		routes = append(routes, route{http.MethodGet, assetsPath, nothing, h.asset})
	}
	routes = append(routes, h.routesOfStore(h.store)...)
	if h.shards != nil {
		return append(routes, h.stepsInShards()...)
	}
	return append(routes, h.stepsOf(h.database)...)
}

// routesOfStore are the resources of a store and of its keyspaces.
func (h *Handler) routesOfStore(store server.Store) (routes []route) {
	for _, of := range h.storeRoutes() {
		routes = append(routes, route{of.method, apiPath + of.path, of.needs, func(w http.ResponseWriter, r *http.Request) error {
			return of.serve(w, r, store)
		}})
	}
	for _, in := range h.keyspaceRoutes() {
		routes = append(routes,
			route{in.method, apiPath + in.path, in.needs, func(w http.ResponseWriter, r *http.Request) error {
				return in.serve(w, r, store)
			}},
			route{in.method, keyspacePath + in.path, in.needs, func(w http.ResponseWriter, r *http.Request) error {
				ks, err := named(r, store)
				if err != nil {
					return err
				}
				return in.serve(w, r, ks)
			}})
	}
	return routes
}

// stepsOf are the stepRoutes of a database.
func (h *Handler) stepsOf(db server.Database) (routes []route) {
	for _, step := range h.stepRoutes() {
		routes = append(routes,
			route{step.method, apiPath + step.path, step.needs, func(w http.ResponseWriter, r *http.Request) error {
				return step.serve(w, r, db, db)
			}},
			route{step.method, keyspacePath + step.path, step.needs, func(w http.ResponseWriter, r *http.Request) error {
				return step.serveNamed(w, r, db)
			}})
	}
	return routes
}

// serveNamed serves in the keyspace that the path names.
func (s *stepRoute) serveNamed(w http.ResponseWriter, r *http.Request, db server.Database) error {
	ks, err := db.Table(r.Context(), r.PathValue(keyspaceWildcard))
	if err != nil {
		return err
	}
	return s.serve(w, r, db, ks)
}

// routeAll routes to all resources, and has the requests of each counted.
func (h *Handler) routeAll() {
	h.counted = nil
	h.entries = h.newEntryFigures(kvPrefix + "{key}")
	h.named = h.newEntryFigures(keyspacePath + "/kv/{key}")
	h.others = h.newRouteFigures(otherMethods, otherPaths)
	h.mux = h.newMux()
}

// newMux routes to the routes, and answers with a problem on any other path or
// method.
func (h *Handler) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	allowed := make(map[string][]string)
	for _, route := range h.routes() {
		mux.HandleFunc(route.method+" "+patternOf(route.path), h.adapt(h.newRouteFigures(route.method, route.path), h.guarded(route)))
		allowed[route.path] = append(allowed[route.path], route.method)
	}
	for path, methods := range allowed {
		if path == benchmarkLevelsPath {
			continue // the mux takes it for that of a run, whose route knows better
		}
		refused := h.newRouteFigures(otherMethods, path)
		allow := allowOf(methods)
		mux.HandleFunc(patternOf(path), h.adapt(refused, func(w http.ResponseWriter, r *http.Request) error {
			if r.URL.Path == benchmarkLevelsPath {
				return refuseMethod(w, r, allowOf(allowed[benchmarkLevelsPath]))
			}
			return refuseMethod(w, r, allow)
		}))
	}
	mux.HandleFunc("/", h.adapt(h.others, func(_ http.ResponseWriter, r *http.Request) error {
		return newProblem(routeNotFound, "there is nothing at %s; the API is described by /api/v1/openapi.yaml", r.URL.EscapedPath())
	}))
	return mux
}

// allowOf lists the methods of a resource.
func allowOf(methods []string) string {
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods[:len(methods):len(methods)], http.MethodHead) // as the mux does
	}
	return strings.Join(methods, ", ")
}

// patternOf is the mux's pattern of a path.
func patternOf(path string) string {
	if path == "/" {
		return "/{$}" // itself, not all that is under it
	}
	return path
}

// guarded is what a route does for those who have the right to it.
func (h *Handler) guarded(route route) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := h.admit(r, route.needs); err != nil {
			return err
		}
		return route.serve(w, r)
	}
}

// refuseMethod is the answer to a method that the resource does not have.
func refuseMethod(w http.ResponseWriter, r *http.Request, allow string) error {
	w.Header().Set("Allow", allow)
	return newProblem(methodNotAllowed, "%s is not among the methods of this resource: %s", r.Method, allow)
}
