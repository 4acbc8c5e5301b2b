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
	serve  handlerFunc
}

// keyspaceFunc answers a request for something in a keyspace, as handlerFunc does.
type keyspaceFunc func(http.ResponseWriter, *http.Request, server.Keyspace) error

// keyspaceRoute is a resource that every keyspace has; its path is the part behind that
// of the keyspace.
type keyspaceRoute struct {
	method string
	path   string
	serve  keyspaceFunc
}

// Paths of the API. That of a keyspace is followed by what the default one has behind
// apiPath.
const (
	apiPath       = "/api/v1"
	keyspacesPath = apiPath + "/keyspaces"
	keyspacePath  = keyspacesPath + "/{" + keyspaceWildcard + "}"

	keyspaceWildcard = "keyspace"
)

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
		{http.MethodGet, "/scan", h.scan},
		{http.MethodGet, "/watch", h.watch},
		{http.MethodDelete, "/range", h.deleteRange},
		{http.MethodPost, "/kv/" + batchKey, h.batch},
		{http.MethodPost, "/transaction", h.transaction},
	}
}

// routes are all resources but the entries.
func (h *Handler) routes() []route {
	routes := []route{
		{http.MethodGet, "/", h.index},
		{http.MethodGet, "/health", h.health},
		{http.MethodGet, "/api/v1/health", h.health},
		{http.MethodGet, "/api/v1/version", h.version},
		{http.MethodGet, "/api/v1/stats", h.stats},
		{http.MethodGet, "/api/v1/openapi.yaml", h.openAPI},
		{http.MethodGet, "/api/v1/applied-index", h.appliedIndex},
		{http.MethodPost, "/api/v1/sync", h.sync},
		{http.MethodGet, "/api/v1/backup", h.backup},
		{http.MethodPost, "/api/v1/checkpoint", h.checkpoint},
		{http.MethodGet, keyspacesPath, h.listKeyspaces},
		{http.MethodPost, keyspacesPath, h.createKeyspace},
		{http.MethodGet, keyspacePath, h.getKeyspace},
		{http.MethodDelete, keyspacePath, h.dropKeyspace},
	}
	for _, in := range h.keyspaceRoutes() {
		routes = append(routes,
			route{in.method, apiPath + in.path, func(w http.ResponseWriter, r *http.Request) error {
				return in.serve(w, r, h.store)
			}},
			route{in.method, keyspacePath + in.path, func(w http.ResponseWriter, r *http.Request) error {
				ks, err := h.store.Named(r.Context(), r.PathValue(keyspaceWildcard))
				if err != nil {
					return err
				}
				return in.serve(w, r, ks)
			}})
	}
	return routes
}

// newMux routes to the routes, and answers with a problem on any other path or
// method.
func (h *Handler) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	allowed := make(map[string][]string)
	for _, route := range h.routes() {
		pattern := route.path
		if pattern == "/" {
			pattern = "/{$}" // itself, not all that is under it
		}
		mux.HandleFunc(route.method+" "+pattern, h.adapt(route.serve))
		allowed[pattern] = append(allowed[pattern], route.method)
	}
	for pattern, methods := range allowed {
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead) // as the mux does
		}
		allow := strings.Join(methods, ", ")
		mux.HandleFunc(pattern, h.adapt(func(w http.ResponseWriter, r *http.Request) error {
			return refuseMethod(w, r, allow)
		}))
	}
	mux.HandleFunc("/", h.adapt(func(_ http.ResponseWriter, r *http.Request) error {
		return newProblem(routeNotFound, "there is nothing at %s; the API is described by /api/v1/openapi.yaml", r.URL.EscapedPath())
	}))
	return mux
}

// refuseMethod is the answer to a method that the resource does not have.
func refuseMethod(w http.ResponseWriter, r *http.Request, allow string) error {
	w.Header().Set("Allow", allow)
	return newProblem(methodNotAllowed, "%s is not among the methods of this resource: %s", r.Method, allow)
}
