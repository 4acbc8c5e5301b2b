package httpapi

import (
	"fmt"
	"net/http"

	"github.com/mantisdb/mantisdb/server/dashboard"
)

// assetsPath is where the files are that the dashboard loads. They are none of the API.
const (
	assetsPath    = "/assets/{" + assetWildcard + "}"
	assetWildcard = "asset"
)

// WithDashboard has the handler serve a dashboard at /, unless it is nil. It is to be called
// before the first request.
func (h *Handler) WithDashboard(d *dashboard.Dashboard) *Handler {
	h.dashboard = d
	h.routeAll()
	return h
}

// index shows a person who looks the dashboard, or tells in a line where to go on.
func (h *Handler) index(w http.ResponseWriter, r *http.Request) error {
	if h.dashboard != nil {
		w.Header().Add("Vary", "Accept")
	}
	if h.dashboard != nil && wantsPage(r.Header["Accept"]) {
		h.dashboard.ServePage(w, r)
		return nil
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header["X-Content-Type-Options"] = noSniff
	line := fmt.Appendf(nil, "MantisDB %s: the HTTP API is under /api/v1, described by /api/v1/openapi.yaml", h.about.Version)
	if h.dashboard == nil {
		line = append(line, "; this build has no dashboard, which `make build-frontend` before a new build adds"...)
	}
	writeWhole(w, append(line, '\n'))
	return nil
}

// asset answers with a file that the dashboard loads.
func (h *Handler) asset(w http.ResponseWriter, r *http.Request) error {
	if !h.dashboard.ServeAsset(w, r, r.PathValue(assetWildcard)) {
		return newProblem(routeNotFound, "the dashboard of this server has no file %s: load the page anew", r.URL.EscapedPath())
	}
	return nil
}
