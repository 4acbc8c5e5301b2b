package httpapi

import "net/http"

// health is the answer of a server that can serve.
type health struct {
	Status string `json:"status"`
}

// live answers 200 as long as the process answers at all.
func (h *Handler) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, health{Status: "ok"})
}

// ready answers 200 if requests may be sent here: as health, and not once the server is
// told to end.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) error {
	if h.streams.Err() != nil {
		return newProblem(unavailable, "the server is shutting down")
	}
	return h.health(w, r)
}

// serveMetrics answers Prometheus.
func (h *Handler) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	h.metrics.ServeHTTP(w, r)
	return nil
}

// health answers 200 if the database answers, else the problem it has.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.store.Stats(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, health{Status: "ok"})
}
