package httpapi

import (
	"net/http"
	"slices"
	"strings"

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

// keyspaceFunc answers a request for something in a keyspace, as handlerFunc does.
type keyspaceFunc func(http.ResponseWriter, *http.Request, server.Keyspace) error

// keyspaceRoute is a resource that every keyspace has; its path is the part behind that
// of the keyspace.
type keyspaceRoute struct {
	method string
	path   string
	needs  right
	serve  keyspaceFunc
}

// Paths of the API. That of a keyspace is followed by what the default one has behind
// apiPath.
const (
	apiPath       = "/api/v1"
	keyspacesPath = apiPath + "/keyspaces"
	keyspacePath  = keyspacesPath + "/{" + keyspaceWildcard + "}"

	keyspaceWildcard = "keyspace"

	watchPath         = "/watch" // in a keyspace
	figuresPath       = apiPath + "/figures"
	figuresStreamPath = figuresPath + "/stream"
)

// isStream tells a resource whose answers go on until somebody ends them.
func isStream(path string) bool {
	return path == figuresStreamPath || path == apiPath+watchPath || path == keyspacePath+watchPath
}

// batchKey is what stands in a batch's path in place of a key.
const batchKey = "batch"

// isBatch tells a batch, which is a POST without an operation on a key, from a request
// for the key "batch".
func isBatch(r *http.Request, key []byte) bool {
	return string(key) == batchKey && r.Method == http.MethodPost && !namesOperation(r.URL.RawQuery)
}

// keyspaceRoutes are all resources of a keyspace but the entries, which serveKey
// answers for.
func (h *Handler) keyspaceRoutes() []keyspaceRoute {
	return []keyspaceRoute{
		{http.MethodGet, "/scan", readKeys, h.scan},
		{http.MethodGet, watchPath, readKeys, h.watch},
		{http.MethodDelete, "/range", writeRange, h.deleteRange},
		{http.MethodPost, "/kv/" + batchKey, writeKeys, h.batch},
		{http.MethodPost, "/transaction", writeKeys, h.transaction},
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
		{http.MethodGet, "/api/v1/engine", readFigures, h.engine},
		{http.MethodGet, "/api/v1/openapi.yaml", nothing, h.openAPI},
		{http.MethodGet, "/api/v1/applied-index", readFigures, h.appliedIndex},
		{http.MethodPost, "/api/v1/sync", administrate, h.sync},
		{http.MethodGet, "/api/v1/backup", readEverything, h.backup},
		{http.MethodPost, "/api/v1/checkpoint", administrate, h.checkpoint},
		{http.MethodGet, keyspacesPath, readFigures, h.listKeyspaces},
		{http.MethodPost, keyspacesPath, administrate, h.createKeyspace},
		{http.MethodGet, keyspacePath, readFigures, h.getKeyspace},
		{http.MethodDelete, keyspacePath, dropKeyspaces, h.dropKeyspace},
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
	if h.dashboard != nil {
		routes = append(routes, route{http.MethodGet, assetsPath, nothing, h.asset})
	}
	for _, in := range h.keyspaceRoutes() {
		routes = append(routes,
			route{in.method, apiPath + in.path, in.needs, func(w http.ResponseWriter, r *http.Request) error {
				return in.serve(w, r, h.store)
			}},
			route{in.method, keyspacePath + in.path, in.needs, func(w http.ResponseWriter, r *http.Request) error {
				ks, err := h.store.Named(r.Context(), r.PathValue(keyspaceWildcard))
				if err != nil {
					return err
				}
				return in.serve(w, r, ks)
			}})
	}
	return routes
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
