package httpapi

import (
	"net/http"
	"slices"
	"strings"
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

// batchPath takes POST alone, and without an operation on a key: else it is that of
// the key "batch".
const batchPath = kvPrefix + "batch"

// isBatch tells a batch from a request for the key "batch".
func isBatch(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == batchPath && !namesOperation(r.URL.RawQuery)
}

// routes are all resources but the entries, which serveKey answers for.
func (h *Handler) routes() []route {
	return []route{
		{http.MethodGet, "/", h.index},
		{http.MethodGet, "/health", h.health},
		{http.MethodGet, "/api/v1/health", h.health},
		{http.MethodGet, "/api/v1/version", h.version},
		{http.MethodGet, "/api/v1/stats", h.stats},
		{http.MethodGet, "/api/v1/openapi.yaml", h.openAPI},
		{http.MethodGet, "/api/v1/scan", h.scan},
		{http.MethodGet, "/api/v1/watch", h.watch},
		{http.MethodPost, batchPath, h.batch},
		{http.MethodPost, "/api/v1/transaction", h.transaction},
		{http.MethodPost, "/api/v1/sync", h.sync},
		{http.MethodGet, "/api/v1/backup", h.backup},
		{http.MethodPost, "/api/v1/checkpoint", h.checkpoint},
	}
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
