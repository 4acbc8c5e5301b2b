package httpapi

import (
	_ "embed"
	"net/http"
)

// About says what the server is.
type About struct {
	Version string `json:"version"` // of MantisDB
	Engine  string `json:"engine"`  // "rust", "go" or "cache"
	Go      string `json:"go"`      // the Go release it was built with
	// Shards is how many shards the cluster has that it is a node of; without one, 0.
	Shards int `json:"shards,omitempty"`
}

//go:embed openapi.yaml
var openAPI []byte

// version answers with what the server is.
func (h *Handler) version(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, h.about)
}

// openAPI answers with the description of this API.
func (h *Handler) openAPI(w http.ResponseWriter, _ *http.Request) error {
	header := w.Header()
	header.Set("Content-Type", "application/yaml")
	header["X-Content-Type-Options"] = noSniff
	writeWhole(w, openAPI)
	return nil
}
