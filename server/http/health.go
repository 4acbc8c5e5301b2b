package httpapi

import (
	"net/http"

	"github.com/mantisdb/mantisdb/cluster"
)

// health is the answer of a server that can serve.
type health struct {
	Status string `json:"status"`
}

// live answers 200 as long as the process answers at all.
func (h *Handler) live(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, health{Status: "ok"})
}

// ready answers 200 if requests may be sent here: as health, and not once the server is
// told to end, or its node was removed or declared dead.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) error {
	if h.streams.Err() != nil {
		return newProblem(unavailable, "the server is shutting down")
	}
	if h.administrator != nil {
		t := h.administrator.Topology()
		if self := t.Node(t.Self); self != nil && self.State == cluster.NodeDead {
			return newProblem(unavailable, "node %d was removed or declared dead, and has no part in the cluster any more: end it; "+
				"a node that takes its place needs another number and an empty directory", self.ID)
		}
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
