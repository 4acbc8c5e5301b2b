package httpapi

import "net/http"

// health is the answer of a server that can serve.
type health struct {
	Status string `json:"status"`
}

// health answers 200 if the database answers, else the problem it has.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.store.Stats(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, health{Status: "ok"})
}
